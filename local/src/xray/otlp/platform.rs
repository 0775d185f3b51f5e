use serde_json::{Map, Value};

use super::attributes::Attributes;

/// Fields by name, each of an attribute of the resource.
type Fields = &'static [(&'static str, &'static str)];

const EC2: Fields = &[
    ("instance_id", "host.id"),
    ("availability_zone", "cloud.availability_zone"),
    ("instance_size", "host.type"),
    ("ami_id", "host.image.id"),
];
const ECS: Fields = &[
    ("container", "container.name"),
    ("container_id", "container.id"),
    ("container_arn", "aws.ecs.container.arn"),
    ("availability_zone", "cloud.availability_zone"),
    ("cluster_arn", "aws.ecs.cluster.arn"),
    ("task_arn", "aws.ecs.task.arn"),
    ("task_family", "aws.ecs.task.family"),
    ("launch_type", "aws.ecs.launchtype"),
];
const EKS: Fields = &[
    ("cluster_name", "k8s.cluster.name"),
    ("pod", "k8s.pod.name"),
    ("container_id", "container.id"),
];
const BEANSTALK: Fields =
    &[("environment", "service.namespace"), ("version_label", "service.version")];

/// What `aws` says about the machine that a segment's code runs on.
pub(super) fn fields(resource: &Attributes) -> Map<String, Value> {
    let platform = resource.text(&["cloud.platform"]).unwrap_or_default();
    let has = |name: &str| resource.text(&[name]).is_some();
    let mut found = Map::new();
    let mut put = |name: &str, fields: Fields, is: bool| {
        if is {
            let values = fields.iter().filter_map(|(field, attribute)| {
                Some(((*field).to_owned(), resource.text(&[attribute])?.into()))
            });
            found.insert(name.to_owned(), Value::Object(values.collect()));
        }
    };
    put("ec2", EC2, platform == "aws_ec2" || has("host.id"));
    put("ecs", ECS, platform == "aws_ecs");
    put("eks", EKS, platform == "aws_eks" || has("k8s.cluster.name"));
    let deployment = resource.text(&["service.instance.id"]);
    let deployment = deployment.filter(|_| platform == "aws_elastic_beanstalk");
    put("elastic_beanstalk", BEANSTALK, deployment.is_some());
    if let Some(deployment) = deployment {
        found["elastic_beanstalk"]["deployment_id"] = deployment.parse().unwrap_or(0_i64).into();
    }
    found
}

/// The kind of machine that a segment's code runs on.
pub(super) fn origin(resource: &Attributes) -> Option<&'static str> {
    if resource.text(&["cloud.provider"]).is_some_and(|provider| provider != "aws") {
        return None;
    }
    Some(match resource.text(&["cloud.platform"])? {
        "aws_app_runner" => "AWS::AppRunner::Service",
        "aws_eks" => "AWS::EKS::Container",
        "aws_elastic_beanstalk" => "AWS::ElasticBeanstalk::Environment",
        "aws_ec2" => "AWS::EC2::Instance",
        "aws_ecs" => match resource.text(&["aws.ecs.launchtype"]) {
            Some("ec2") => "AWS::ECS::EC2",
            Some("fargate") => "AWS::ECS::Fargate",
            _ => "AWS::ECS::Container",
        },
        _ => return None,
    })
}
