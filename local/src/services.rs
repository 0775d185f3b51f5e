use std::{collections::HashMap, path::PathBuf, sync::Arc};

use crate::{
    apigateway::{ApiGateway, Gateway},
    dynamodb::{DynamoDb, TablesError},
    events::{Buses, EventBridge},
    iam::{Authorizer, Iam},
    lambda::{Lambda, LambdaApi, Settings},
    logs::Logs,
    sns::Sns,
    sqs::Queues,
    template::App,
    wire::AwsApi,
    xray::{Recorder, Store, XRay},
};

/// The emulated services of a template.
#[derive(Debug)]
pub(crate) struct Services {
    /// IAM.
    pub(crate) authorizer: Arc<Authorizer>,
    /// EventBridge.
    pub(crate) buses: Arc<Buses>,
    /// API Gateway, if the template has an API.
    pub(crate) gateway: Option<Gateway>,
    /// Lambda.
    pub(crate) lambda: Arc<Lambda>,
    /// CloudWatch Logs.
    pub(crate) logs: Arc<Logs>,
    /// SQS.
    pub(crate) queues: Arc<Queues>,
    /// SNS.
    pub(crate) sns: Arc<Sns>,
    /// X-Ray.
    pub(crate) traces: Arc<Store>,
    /// Every AWS API.
    pub(crate) apis: Vec<Arc<dyn AwsApi>>,
}

impl Services {
    /// Starts what `app` declares. `executables` run the functions, by logical id.
    pub(crate) async fn start(
        app: &App,
        mut executables: HashMap<String, PathBuf>,
        settings: &Settings,
        max_traces: usize,
        logs: Logs,
    ) -> Result<Self, TablesError> {
        let dynamodb = Arc::new(DynamoDb::start(&app.tables).await?);
        let logs = Arc::new(logs);
        let traces = Arc::new(Store::new(max_traces));
        let recorder = Recorder::new(Arc::clone(&traces), Arc::clone(&logs));
        let queues = Arc::new(Queues::new(app.queues.clone()));
        let sns = Arc::new(Sns::new(app.topics.clone()));
        let authorizer = Arc::new(Authorizer::new(&app.functions));
        let functions = app.functions.iter().filter_map(|function| {
            Some((function.clone(), executables.remove(&function.logical_id)?))
        });
        let lambda = Arc::new(Lambda::new(
            functions.collect(),
            settings,
            recorder.clone(),
            Arc::clone(&queues),
            Arc::clone(&logs),
        ));
        let buses = Arc::new(Buses::new(
            app.buses.clone(),
            app.rules.clone(),
            Arc::clone(&lambda),
            Arc::clone(&queues),
        ));
        let gateway = app.api.clone().map(|api| {
            Gateway::new(api, app.routes.clone(), Arc::clone(&lambda), recorder.clone())
        });
        // A new AWS API goes here.
        let apis: Vec<Arc<dyn AwsApi>> = vec![
            Arc::new(ApiGateway(app.api.clone())),
            dynamodb,
            Arc::new(EventBridge(Arc::clone(&buses))),
            Arc::new(Iam(Arc::clone(&authorizer))),
            Arc::new(LambdaApi(Arc::clone(&lambda))),
            Arc::clone(&sns) as _,
            Arc::clone(&queues) as _,
            Arc::new(XRay(Arc::clone(&traces))),
        ];
        Ok(Self { authorizer, buses, gateway, lambda, logs, queues, sns, traces, apis })
    }
}
