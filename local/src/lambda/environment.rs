use std::path::Path;

use crate::{
    identity::{REGION, access_key},
    template::Function,
};

/// The log stream of every process. On AWS each has one of its own.
pub(crate) const LOG_STREAM: &str = "local";

/// The addresses that every function finds in its environment.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    /// The URL of the AWS APIs.
    pub(crate) aws: String,
    /// The address of the X-Ray daemon.
    pub(crate) xray: String,
}

/// The environment that Lambda gives a function, and nothing of ours.
/// See <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>.
pub(super) fn environment(
    function: &Function,
    executable: &Path,
    endpoints: &Endpoints,
) -> Vec<(String, String)> {
    let folder = executable.parent().unwrap_or(Path::new("/"));
    let memory = function.memory.to_string();
    let key = access_key(&function.name);
    let reserved = [
        ("AWS_ACCESS_KEY_ID", key.as_str()),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_ENDPOINT_URL", &endpoints.aws),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_FUNCTION_NAME", &function.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &function.log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", LOG_STREAM),
        ("AWS_REGION", REGION),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_SESSION_TOKEN", "local"),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
        ("AWS_XRAY_DAEMON_ADDRESS", &endpoints.xray),
        ("LAMBDA_TASK_ROOT", &folder.display().to_string()),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TZ", ":UTC"),
        ("_HANDLER", &function.handler),
    ];
    let own = function.environment.iter();
    // Where AWS's console shows a trace, the console page does here. The trace's id follows.
    let traces = format!(
        "https://{REGION}.console.aws.amazon.com/cloudwatch/home?region={REGION}#xray:traces/"
    );
    let here = format!("{}/#trace/", endpoints.aws);
    let own = own.map(|(name, value)| (name.clone(), value.replace(&traces, &here)));
    // Reserved variables come last and win: on AWS a function cannot set them either.
    own.chain(reserved.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}
