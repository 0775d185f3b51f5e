// @ts-check
// What the page asks `local`, and the two ways in which that fails. Any other exception is an error in the page itself.

/** `local` cannot be reached. */
export class ConnectionLost extends Error {}

/** `local` answered with an error. */
export class RequestFailed extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * The text of what `local` has at that path.
 * @param {string} path
 */
export async function load(path) {
  let response, text;
  try {
    response = await fetch(path, { cache: "no-store" });
    text = await response.text();
  } catch (error) {
    throw new ConnectionLost("no answer to " + path, { cause: error });
  }
  if (!response.ok) throw new RequestFailed(response.status, `${path} was answered with ${response.status}: ${text}`);
  return text;
}
