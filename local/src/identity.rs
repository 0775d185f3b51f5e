/// The account that everything here belongs to.
pub const ACCOUNT: &str = "000000000000";
/// The region that everything here runs in.
pub const REGION: &str = "us-east-1";

/// The Amazon Resource Name of `resource` of IAM, which has no region.
pub fn iam_arn(resource: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{resource}")
}

/// The Amazon Resource Name of who acts in a role.
pub fn sts_arn(resource: &str) -> String {
    format!("arn:aws:sts::{ACCOUNT}:{resource}")
}

/// The URL of the queue `name`, whose last part is what counts.
pub fn queue_url(name: &str) -> String {
    format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}")
}

/// The Amazon Resource Name of `resource` of `service`.
pub fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}
