use std::collections::BTreeMap;

use crate::{identity::REGION, template::rest_api};

/// A REST API and its one stage.
#[derive(Clone, Debug, Default)]
pub struct Api {
    /// Its name.
    pub name: String,
    /// Its stage.
    pub stage: String,
    /// Whether the stage records segments.
    pub traced: bool,
    /// The stage's variables.
    pub variables: BTreeMap<String, String>,
    /// What API Gateway answers by itself, by type, such as `DEFAULT_4XX`.
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
}

/// How a response of API Gateway itself looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayResponse {
    /// The status code, if not that of its type.
    pub status: Option<u16>,
    /// Headers, and what their values are mapped from, such as `stageVariables.origin`.
    pub headers: BTreeMap<String, String>,
    /// Templates of the body, by media type.
    pub templates: BTreeMap<String, String>,
}

impl Api {
    /// Its id.
    pub fn id(&self) -> String {
        rest_api::id(&self.name)
    }

    /// The ARN of its stage.
    pub fn stage_arn(&self) -> String {
        format!("arn:aws:apigateway:{REGION}::/restapis/{}/stages/{}", self.id(), self.stage)
    }

    /// Its host name on AWS.
    pub fn domain(&self) -> String {
        format!("{}.execute-api.{REGION}.amazonaws.com", self.id())
    }
}

/// A method of a path, and the function behind it.
#[derive(Clone, Debug)]
pub struct Route {
    /// `POST`, or `ANY`.
    pub method: String,
    /// `/orders/{customerId}`.
    pub path: String,
    /// The logical id of the function.
    pub function: String,
    /// Who may call it.
    pub security: Security,
}

/// Whom a method of an API lets in, as far as that is checked here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Anybody.
    #[default]
    Open,
    /// Whoever signs the request for `execute-api`.
    Iam,
    /// Whoever has an id token of the user pool with this id.
    UserPool(String),
}
