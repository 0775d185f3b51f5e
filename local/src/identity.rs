/// The account that everything here belongs to.
pub const ACCOUNT: &str = "000000000000";
/// The region that everything here runs in.
pub const REGION: &str = "us-east-1";

/// The Amazon Resource Name of `resource` of `service`.
pub fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}
