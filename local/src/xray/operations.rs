use serde_json::Value;

use super::{
    account,
    api::State,
    graphs, insights, query, retrieval,
    shapes::{
        ARN, BOOST_STATISTICS, COUNT, END, FILTER, INSIGHT, INSIGHTS, LARGEST, NAME, PAGE_SIZE,
        RESOURCE, RETRIEVAL, RULE, RULE_UPDATE, START, STATISTICS, STRATEGY, TAG, TAGS, TELEMETRY,
        TOKEN, TRACE_IDS,
    },
    time_series, traces,
};
use crate::{
    clock,
    wire::{
        AwsError, Route,
        parameters::{
            ANY,
            Form::{OneOf, Structure, Structures, Text, Texts, Truth, Whole},
            Parameter,
        },
    },
};

/// What performs an operation.
pub(super) type Handler = fn(&State, &Value) -> Result<Value, AwsError>;

/// An operation: its path, its name, its parameters, and what performs it.
type Operation = (&'static str, &'static str, &'static [Parameter], Handler);

/// The operations. See <https://docs.aws.amazon.com/xray/latest/api/API_Operations.html>.
const OPERATIONS: &[Operation] = &[
    // Traces.
    (
        "/TraceSegments",
        "PutTraceSegments",
        &[("TraceSegmentDocuments", Texts(ANY, ANY), true)],
        traces::put_trace_segments,
    ),
    (
        "/TelemetryRecords",
        "PutTelemetryRecords",
        &[
            ("TelemetryRecords", Structures(ANY, TELEMETRY), true),
            ("EC2InstanceId", Text(0, 20), false),
            ("Hostname", Text(0, 255), false),
            ("ResourceARN", Text(0, 500), false),
        ],
        traces::put_telemetry_records,
    ),
    ("/Traces", "BatchGetTraces", &[TRACE_IDS, TOKEN], |state, request| {
        query::batch_get_traces(&state.store, request)
    }),
    (
        "/TraceSummaries",
        "GetTraceSummaries",
        &[
            START,
            END,
            ("TimeRangeType", OneOf(&["TraceId", "Event", "Service"]), false),
            ("Sampling", Truth, false),
            ("SamplingStrategy", Structure(STRATEGY), false),
            FILTER,
            TOKEN,
        ],
        |state, request| query::get_trace_summaries(&state.store, &state.groups.filters(), request),
    ),
    // Graphs.
    (
        "/ServiceGraph",
        "GetServiceGraph",
        &[START, END, NAME, ARN, TOKEN],
        graphs::get_service_graph,
    ),
    ("/TraceGraph", "GetTraceGraph", &[TRACE_IDS, TOKEN], graphs::get_trace_graph),
    (
        "/TimeSeriesServiceStatistics",
        "GetTimeSeriesServiceStatistics",
        &[
            START,
            END,
            NAME,
            ARN,
            ("EntitySelectorExpression", Text(1, 500), false),
            ("Period", Whole(COUNT, LARGEST), false),
            ("ForecastStatistics", Truth, false),
            TOKEN,
        ],
        time_series::get_time_series_service_statistics,
    ),
    // Groups and what is unusual in them.
    (
        "/CreateGroup",
        "CreateGroup",
        &[("GroupName", Text(1, 32), true), FILTER, INSIGHTS, TAGS],
        State::create_group,
    ),
    ("/GetGroup", "GetGroup", &[NAME, ARN], State::get_group),
    ("/Groups", "GetGroups", &[TOKEN], State::get_groups),
    ("/UpdateGroup", "UpdateGroup", &[NAME, ARN, FILTER, INSIGHTS], State::update_group),
    ("/DeleteGroup", "DeleteGroup", &[NAME, ARN], State::delete_group),
    (
        "/InsightSummaries",
        "GetInsightSummaries",
        &[("States", Texts(1, 6), false), ARN, NAME, START, END, PAGE_SIZE, TOKEN],
        insights::get_insight_summaries,
    ),
    ("/Insight", "GetInsight", &[INSIGHT], insights::get_insight),
    (
        "/InsightEvents",
        "GetInsightEvents",
        &[INSIGHT, ("MaxResults", Whole(1, 50), false), TOKEN],
        insights::get_insight_events,
    ),
    (
        "/InsightImpactGraph",
        "GetInsightImpactGraph",
        &[INSIGHT, START, END, TOKEN],
        insights::get_insight_impact_graph,
    ),
    // Sampling.
    ("/GetSamplingRules", "GetSamplingRules", &[TOKEN], |state, request| {
        graphs::refuse_token(request)?;
        Ok(state.sampling.list())
    }),
    (
        "/CreateSamplingRule",
        "CreateSamplingRule",
        &[("SamplingRule", Structure(RULE), true), TAGS],
        State::create_sampling_rule,
    ),
    (
        "/UpdateSamplingRule",
        "UpdateSamplingRule",
        &[("SamplingRuleUpdate", Structure(RULE_UPDATE), true)],
        |state, request| state.sampling.update(request, clock::seconds()),
    ),
    (
        "/DeleteSamplingRule",
        "DeleteSamplingRule",
        &[("RuleName", Text(1, ANY), false), ("RuleARN", Text(1, ANY), false)],
        State::delete_sampling_rule,
    ),
    (
        "/SamplingTargets",
        "GetSamplingTargets",
        &[
            ("SamplingStatisticsDocuments", Structures(25, STATISTICS), true),
            ("SamplingBoostStatisticsDocuments", Structures(25, BOOST_STATISTICS), false),
        ],
        |state, request| Ok(state.sampling.targets(request, clock::seconds())),
    ),
    ("/SamplingStatisticSummaries", "GetSamplingStatisticSummaries", &[TOKEN], |state, request| {
        graphs::refuse_token(request)?;
        Ok(state.sampling.summaries(clock::seconds()))
    }),
    // Retrieval.
    (
        "/StartTraceRetrieval",
        "StartTraceRetrieval",
        &[("TraceIds", Texts(100, 35), true), START, END],
        retrieval::start_trace_retrieval,
    ),
    (
        "/ListRetrievedTraces",
        "ListRetrievedTraces",
        &[RETRIEVAL, ("TraceFormat", OneOf(&["XRAY", "OTEL"]), false), TOKEN],
        retrieval::list_retrieved_traces,
    ),
    (
        "/GetRetrievedTracesGraph",
        "GetRetrievedTracesGraph",
        &[RETRIEVAL, TOKEN],
        retrieval::get_retrieved_traces_graph,
    ),
    (
        "/CancelTraceRetrieval",
        "CancelTraceRetrieval",
        &[RETRIEVAL],
        retrieval::cancel_trace_retrieval,
    ),
    // The account.
    ("/EncryptionConfig", "GetEncryptionConfig", &[], |state, _| {
        Ok(account::get_encryption_config(state))
    }),
    (
        "/PutEncryptionConfig",
        "PutEncryptionConfig",
        &[("KeyId", Text(1, 3000), false), ("Type", OneOf(&["NONE", "KMS"]), true)],
        account::put_encryption_config,
    ),
    ("/ListTagsForResource", "ListTagsForResource", &[RESOURCE, TOKEN], State::list_tags),
    ("/TagResource", "TagResource", &[RESOURCE, ("Tags", Structures(200, TAG), true)], State::tag),
    (
        "/UntagResource",
        "UntagResource",
        &[RESOURCE, ("TagKeys", Texts(200, 128), true)],
        State::untag,
    ),
    ("/ListResourcePolicies", "ListResourcePolicies", &[TOKEN], account::list_resource_policies),
    ("/GetTraceSegmentDestination", "GetTraceSegmentDestination", &[], |_, _| {
        Ok(account::get_trace_segment_destination())
    }),
    ("/GetIndexingRules", "GetIndexingRules", &[TOKEN], account::get_indexing_rules),
];

/// The same as routes.
pub(super) const ROUTES: &[Route] = &{
    let mut routes = [("POST", "", ""); OPERATIONS.len()];
    let mut at = 0;
    while at < routes.len() {
        routes[at] = ("POST", OPERATIONS[at].0, OPERATIONS[at].1);
        at += 1;
    }
    routes
};

/// The parameters of the operation `name`, and what performs it.
pub(super) fn find(name: &str) -> Option<(&'static [Parameter], Handler)> {
    let found = OPERATIONS.iter().find(|(_, operation, ..)| *operation == name);
    found.map(|(_, _, parameters, handler)| (*parameters, *handler))
}
