/// The settings.
mod options;

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use crate::{
    apigateway::{ApiGateway, Callers, Gateway},
    clock,
    cloudwatch_logs::CloudWatchLogs,
    cognito::{Cognito, Issuer, TokenError},
    dynamodb::{DynamoDb, TablesError},
    events::{Archives, BusLogs, Buses, EventBridge, Schedules, Targets},
    faults::{Faults, UnknownFunction},
    iam::{Authorizer, Iam},
    lambda::{Endpoints, Lambda, LambdaApi, Settings},
    logs::Logs,
    sns::Sns,
    sqs::Queues,
    sts::{Sessions, Sts},
    template::{App, Security},
    wire::AwsApi,
    xray::{Recorder, Sampling, Store, XRay, XRayError},
};

pub use options::Options;

/// The emulated services of a template.
#[derive(Debug)]
pub(crate) struct Services {
    /// Cognito.
    pub(crate) cognito: Arc<Cognito>,
    /// IAM.
    pub(crate) authorizer: Arc<Authorizer>,
    /// EventBridge.
    pub(crate) buses: Arc<Buses>,
    /// Faults on purpose.
    pub(crate) faults: Arc<Faults>,
    /// API Gateway, if the template has an API.
    pub(crate) gateway: Option<Gateway>,
    /// Lambda.
    pub(crate) lambda: Arc<Lambda>,
    /// CloudWatch Logs.
    pub(crate) logs: Arc<Logs>,
    /// SQS.
    pub(crate) queues: Arc<Queues>,
    /// EventBridge's schedules.
    pub(crate) schedules: Arc<Schedules>,
    /// STS.
    pub(crate) sessions: Arc<Sessions>,
    /// SNS.
    pub(crate) sns: Arc<Sns>,
    /// X-Ray.
    pub(crate) traces: Arc<Store>,
    /// X-Ray's API.
    pub(crate) xray: Arc<XRay>,
    /// Every AWS API.
    pub(crate) apis: Vec<Arc<dyn AwsApi>>,
}

/// Why a stack does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The tables cannot be created.
    #[error(transparent)]
    Tables(#[from] TablesError),
    /// The user pool has no key.
    #[error(transparent)]
    Key(#[from] TokenError),
    /// X-Ray refuses a group or a sampling rule.
    #[error(transparent)]
    XRay(#[from] XRayError),
    /// A fault is not of this template.
    #[error(transparent)]
    Fault(#[from] UnknownFunction),
}

impl Services {
    /// Starts what `app` declares. `executables` run the functions, by logical id.
    pub(crate) async fn start(
        app: &App,
        mut executables: HashMap<String, PathBuf>,
        endpoints: Endpoints,
        options: Options,
    ) -> Result<Self, StartError> {
        let dynamodb = DynamoDb::start(&app.tables).await?;
        let logs = Arc::new(Logs::new(options.log));
        let traces = Arc::new(Store::new(options.max_traces));
        let recorder = Recorder::new(Arc::clone(&traces), Arc::clone(&logs));
        let queues = Arc::new(Queues::new(app.queues.clone(), Arc::clone(&logs)));
        let sns =
            Arc::new(Sns::new(app.topics.clone(), app.subscriptions.clone(), Arc::clone(&queues)));
        let authorizer = Arc::new(Authorizer::new(&app.functions));
        let faults = Arc::new(Faults::new(&app.functions));
        faults.set(options.faults, options.seed)?;
        let Options { retry_delay, max_processes, .. } = options;
        let functions = app.functions.iter().filter_map(|function| {
            Some((function.clone(), executables.remove(&function.logical_id)?))
        });
        let lambda = Arc::new(Lambda::new(
            functions.collect(),
            &Settings { endpoints, retry_delay, max_processes },
            recorder.clone(),
            Arc::clone(&queues),
            Arc::clone(&logs),
            Arc::clone(&faults),
        ));
        let targets = Targets { lambda: Arc::clone(&lambda), queues: Arc::clone(&queues) };
        let schedules = Arc::new(Schedules::new(app.schedules.clone(), targets.clone()));
        let buses = Arc::new(buses(app, targets, &logs));
        let sampling = Arc::new(Sampling::default());
        let xray = Arc::new(XRay::start(app, Arc::clone(&traces), Arc::clone(&sampling))?);
        let sampling = options.sampling.then_some(sampling);
        let sessions = Arc::<Sessions>::default();
        let issuer = issuer(app)?.map(Arc::new);
        let cognito = Arc::new(Cognito(issuer.clone()));
        let gateway = app.api.clone().map(|api| {
            let (routes, lambda, logs) =
                (app.routes.clone(), Arc::clone(&lambda), Arc::clone(&logs));
            let trusts_trace_header = options.trust_trace_header;
            let callers = Callers { sessions: Arc::clone(&sessions), issuer, trusts_trace_header };
            Gateway { api, routes, callers, lambda, recorder, sampling, logs }
        });
        let mut services = Self {
            cognito,
            authorizer,
            buses,
            faults,
            gateway,
            lambda,
            logs,
            queues,
            schedules,
            sessions,
            sns,
            traces,
            xray,
            apis: Vec::new(),
        };
        services.apis = services.apis(app, dynamodb);
        Ok(services)
    }

    /// The table of AWS APIs. A new one goes here.
    fn apis(&self, app: &App, dynamodb: DynamoDb) -> Vec<Arc<dyn AwsApi>> {
        let (buses, schedules) = (Arc::clone(&self.buses), Arc::clone(&self.schedules));
        vec![
            Arc::new(ApiGateway(app.api.clone())),
            Arc::clone(&self.cognito) as _,
            Arc::new(dynamodb),
            Arc::new(EventBridge { buses, schedules }),
            Arc::new(Iam(Arc::clone(&self.authorizer))),
            Arc::new(LambdaApi(Arc::clone(&self.lambda))),
            Arc::new(CloudWatchLogs {
                logs: Arc::clone(&self.logs),
                lambda: Arc::clone(&self.lambda),
                created: clock::seconds(),
            }),
            Arc::clone(&self.sns) as _,
            Arc::clone(&self.queues) as _,
            Arc::new(Sts {
                authorizer: Arc::clone(&self.authorizer),
                sessions: Arc::clone(&self.sessions),
                roles: app.assumable_roles.clone(),
            }),
            Arc::clone(&self.xray) as _,
        ]
    }
}

fn buses(app: &App, targets: Targets, logs: &Arc<Logs>) -> Buses {
    let archives = Archives::new(app.archives.clone(), Arc::clone(logs));
    let bus_logs = BusLogs::new(app.bus_logs.clone(), Arc::clone(logs));
    Buses::new(app.buses.clone(), app.rules.clone(), archives, targets, bus_logs)
}

/// Issues the tokens that the API accepts, if it accepts any.
fn issuer(app: &App) -> Result<Option<Issuer>, TokenError> {
    let pool = app.routes.iter().find_map(|route| match &route.security {
        Security::UserPool(pool) => Some(pool),
        Security::Open | Security::Iam => None,
    });
    pool.map(|pool| Issuer::new(pool)).transpose()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, Method};

    use super::*;
    use crate::wire::{AwsRequest, Permission};

    async fn apis() -> Vec<Arc<dyn AwsApi>> {
        let endpoints = Endpoints { aws: String::new(), xray: String::new() };
        let (app, options) = (App::default(), Options::default());
        Services::start(&app, HashMap::new(), endpoints, options).await.unwrap().apis
    }

    /// What IAM is asked about a request: action and resource, without account and region.
    fn needed(api: &dyn AwsApi, method: &Method, target: &str, path: &str, body: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-target", HeaderValue::from_str(target).unwrap());
        let body = body.to_owned().into();
        let request = AwsRequest::parse(api.protocol(), method, path, &headers, body);
        let permissions = api.permissions(&request).into_iter();
        let texts = permissions.map(|Permission { action, resource }| {
            format!("{action} {}", resource.replace(":us-east-1:000000000000:", ":"))
        });
        texts.collect::<Vec<_>>().join(", ")
    }

    #[tokio::test]
    async fn requests_and_the_permissions_that_they_need() {
        let apis = apis().await;
        let table = "arn:aws:dynamodb:table/orders";
        for (service, target, path, body, permissions) in [
            ("dynamodb", "PutItem", "/", r#"{"TableName":"orders","Item":{}}"#, format!("dynamodb:PutItem {table}")),
            ("dynamodb", "Query", "/", r#"{"TableName":"orders","IndexName":"by-day"}"#, format!("dynamodb:Query {table}/index/by-day")),
            (
                "dynamodb",
                "TransactWriteItems",
                "/",
                r#"{"TransactItems":[{"Update":{"TableName":"orders"}},{"ConditionCheck":{"TableName":"orders"}}]}"#,
                format!("dynamodb:UpdateItem {table}, dynamodb:ConditionCheckItem {table}"),
            ),
            ("dynamodb", "BatchGetItem", "/", r#"{"RequestItems":{"orders":{}}}"#, format!("dynamodb:BatchGetItem {table}")),
            ("dynamodb", "ListTables", "/", "{}", "dynamodb:ListTables *".to_owned()),
            (
                "events",
                "PutEvents",
                "/",
                r#"{"Entries":[{"EventBusName":"a"},{}]}"#,
                "events:PutEvents arn:aws:events:event-bus/a, events:PutEvents arn:aws:events:event-bus/default".to_owned(),
            ),
            ("events", "ListRules", "/", "{}", "events:ListRules *".to_owned()),
            (
                "logs",
                "FilterLogEvents",
                "/",
                r#"{"logGroupIdentifier":"arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:*"}"#,
                "logs:FilterLogEvents arn:aws:logs:log-group:/aws/lambda/f".to_owned(),
            ),
            ("events", "PutEvents", "/", "not JSON", String::new()),
            ("sns", "", "/", "Action=Publish&TopicArn=arn%3Aaws%3Asns", "sns:Publish arn:aws:sns".to_owned()),
            (
                "sqs",
                "ReceiveMessage",
                "/",
                r#"{"QueueUrl":"https://sqs.us-east-1.amazonaws.com/000000000000/q"}"#,
                "sqs:ReceiveMessage arn:aws:sqs:q".to_owned(),
            ),
            (
                "lambda",
                "",
                "/2015-03-31/functions/pay/invocations",
                "{}",
                "lambda:InvokeFunction arn:aws:lambda:function:pay".to_owned(),
            ),
            ("lambda", "", "/2015-03-31/functions", "{}", String::new()),
            ("xray", "", "/TraceSegments", "{}", "xray:PutTraceSegments *".to_owned()),
            ("xray", "", "/GetSamplingRules", "{}", "xray:GetSamplingRules *".to_owned()),
            ("iam", "", "/", "Action=SimulatePrincipalPolicy", String::new()),
            ("sts", "", "/", "Action=GetCallerIdentity", String::new()),
        ] {
            let api = apis.iter().find(|api| api.name() == service).unwrap();
            let needed = needed(&**api, &Method::POST, &format!("X.{target}"), path, body);
            assert_eq!(needed, permissions, "{service} {target} {path} {body}");
        }
    }

    #[tokio::test]
    async fn requests_without_a_signature_are_recognized_by_target_or_path() {
        let apis = apis().await;
        for (target, path, service) in [
            ("AWSEvents.PutEvents", "/", Some("events")),
            ("DynamoDB_20120810.PutItem", "/", Some("dynamodb")),
            ("", "/TraceSegments", Some("xray")),
            ("", "/2015-03-31/functions/pay/invocations", Some("lambda")),
            ("", "/", None),
        ] {
            let found =
                apis.iter().find(|api| api.protocol().recognizes(target, &Method::POST, path));
            assert_eq!(found.map(|api| api.name()), service, "{target} {path}");
        }
    }
}
