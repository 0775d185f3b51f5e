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

/** How many answers are kept: those of one view. */
const KEPT = 8;
/**
 * The last answers by path, the one that was asked for last at the end. `local` sends no answer again that is still true.
 * @type {Map<string, { tag: string, text: string }>}
 */
const answers = new Map();

/**
 * The text of what `local` has at that path.
 * @param {string} path
 */
export async function load(path) {
  const known = answers.get(path);
  const response = await request(path, { cache: "no-store", headers: known ? { "if-none-match": known.tag } : {} });
  const text = response.status === 304 && known ? known.text : response.text;
  answers.delete(path);
  if (response.tag) answers.set(path, { tag: response.tag, text });
  for (const path of [...answers.keys()].slice(0, -KEPT)) answers.delete(path);
  return text;
}

/**
 * Calls an operation of X-Ray's API.
 * @param {string} path
 * @param {object} body
 */
export async function callXRay(path, body) {
  const { text } = await request(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return JSON.parse(text);
}

/**
 * @param {string} path
 * @param {RequestInit} init
 */
async function request(path, init) {
  let response, text;
  try {
    response = await fetch(path, init);
    text = await response.text();
  } catch (error) {
    throw new ConnectionLost("no answer to " + path, { cause: error });
  }
  if (!response.ok && response.status !== 304) throw new RequestFailed(response.status, `${path} was answered with ${response.status}: ${text}`);
  return { status: response.status, tag: response.headers.get("etag"), text };
}
