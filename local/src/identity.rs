use uuid::Uuid;

/// The account that everything here belongs to.
pub(crate) const ACCOUNT: &str = "000000000000";
/// The region that everything here runs in.
pub(crate) const REGION: &str = "us-east-1";

/// The Amazon Resource Name of `resource` of `service`.
pub(crate) fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

/// The same where `name` is a name or already an ARN, as for tables, buses and functions. `kind` is what
/// stands before the name in an ARN: `table/`.
pub(crate) fn arn_of(service: &str, kind: &str, name: &str) -> String {
    if name.starts_with("arn:") { name.to_owned() } else { arn(service, &format!("{kind}{name}")) }
}

/// The Amazon Resource Name of `resource` of IAM, which has no region.
pub(crate) fn iam_arn(resource: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{resource}")
}

/// The Amazon Resource Name of who acts in a role.
pub(crate) fn sts_arn(resource: &str) -> String {
    format!("arn:aws:sts::{ACCOUNT}:{resource}")
}

/// The access key that `function` signs its requests with: one identity for each function, so that every
/// call can be attributed to its caller.
pub(crate) fn access_key(function: &str) -> String {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, function.as_bytes()).simple().to_string();
    format!("LOCAL{}", id[..15].to_uppercase())
}

/// The URL of the queue `name`, whose last part is what counts.
pub(crate) fn queue_url(name: &str) -> String {
    format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}")
}

/// The name of the rule that EventBridge makes and manages to fill the archive `archive`.
pub(crate) fn managed_rule(archive: &str) -> String {
    format!("Events-Archive-{archive}")
}
