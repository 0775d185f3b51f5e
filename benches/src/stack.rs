use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{AnyError, load::System, workspace};

/// The template's functions, and the packages that they are built from.
const FUNCTIONS: [(&str, &str); 4] = [
    ("OrderService", "order-service"),
    ("PaymentService", "payment-service"),
    ("InventoryService", "inventory-service"),
    ("NotificationService", "notification-service"),
];

/// How often it is asked whether it is ready.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A `cargo local` with the project's template, its functions included.
pub(crate) struct Stack {
    child: Child,
    /// What Lambda's `ListFunctions` says.
    functions: Vec<Value>,
    system: System,
}

impl Stack {
    /// Starts the `local` in the folder `binaries`, with the functions that stand beside it.
    pub(crate) async fn start(binaries: &Path, arguments: &[String]) -> Result<Self, AnyError> {
        let template = workspace().join("infra/template.yaml");
        let folder = TempDir::new()?;
        let ready = folder.path().join("ready.json");
        let mut command = Command::new(binaries.join("local"));
        command.args(["--no-build", "--api-port", "0", "--aws-port", "0", "--xray-port", "0"]);
        command.arg("--ready-file").arg(&ready).arg("--template").arg(&template);
        for (function, binary) in FUNCTIONS {
            let binary = binaries.join(binary);
            command.args(["--bootstrap", &format!("{function}={}", binary.display())]);
        }
        let child = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let system = System { api: String::new(), aws: String::new() };
        let mut stack = Self { child, functions: Vec::new(), system };
        let ready = loop {
            if let Some(status) = stack.child.try_wait()? {
                return Err(format!("cargo local ended: {status}").into());
            }
            // It is written at once or not at all.
            match fs::read(&ready) {
                Ok(ready) => break serde_json::from_slice::<Value>(&ready)?,
                Err(_) => tokio::time::sleep(POLL_INTERVAL).await,
            }
        };
        let url = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
        stack.system = System { api: url("api"), aws: url("aws") };
        stack.functions = stack.system.functions().await?;
        Ok(stack)
    }

    /// Where it answers.
    pub(crate) fn system(&self) -> &System {
        &self.system
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The variables that the template gives the function of the package `name`.
    pub(crate) fn environment(&self, name: &str) -> Result<BTreeMap<String, String>, AnyError> {
        let is_it = |function: &&Value| {
            function["FunctionName"].as_str().is_some_and(|found| found.ends_with(name))
        };
        let function = self.functions.iter().find(is_it);
        let function = function.ok_or_else(|| format!("the template has no function {name}"))?;
        Ok(serde_json::from_value(function["Environment"]["Variables"].clone())?)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SIGTERM: it ends its functions.
        let _ended = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ended = self.child.wait();
    }
}
