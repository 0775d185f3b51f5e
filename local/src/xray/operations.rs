use serde_json::Value;

use super::{
    account,
    api::State,
    graphs, insights,
    parameters::{
        ANY,
        Form::{Map, Number, OneOf, Structure, Structures, Text, Texts, Time, Truth, Whole},
        Parameter,
    },
    query, retrieval, time_series, traces,
};
use crate::{
    clock,
    wire::{AwsError, Route},
};

/// What performs an operation.
pub(super) type Handler = fn(&State, &Value) -> Result<Value, AwsError>;

/// An operation: its path, its name, its parameters, and what performs it.
type Operation = (&'static str, &'static str, &'static [Parameter], Handler);

const NAME: Parameter = ("GroupName", Text(1, 32), false);
const ARN: Parameter = ("GroupARN", Text(1, 400), false);
const FILTER: Parameter = ("FilterExpression", Text(0, ANY), false);
const START: Parameter = ("StartTime", Time, true);
const END: Parameter = ("EndTime", Time, true);
const TOKEN: Parameter = ("NextToken", Text(0, 2000), false);
const PAGE_SIZE: Parameter = ("MaxResults", Whole(1, 100), false);
const TRACE_IDS: Parameter = ("TraceIds", Texts(ANY, 35), true);
const INSIGHT: Parameter = ("InsightId", Text(1, 36), true);
const RETRIEVAL: Parameter = ("RetrievalToken", Text(0, 1020), true);
const RESOURCE: Parameter = ("ResourceARN", Text(1, 1011), true);
const TAG: &[Parameter] = &[("Key", Text(1, 128), true), ("Value", Text(0, 256), true)];
const TAGS: Parameter = ("Tags", Structures(200, TAG), false);
const INSIGHTS: Parameter = (
    "InsightsConfiguration",
    Structure(&[("InsightsEnabled", Truth, false), ("NotificationsEnabled", Truth, false)]),
    false,
);
const LARGEST: i64 = i32::MAX as i64;
const COUNT: i64 = 0;
const BOOST: Parameter = (
    "SamplingRateBoost",
    Structure(&[
        ("MaxRate", Number(0.0, 1.0), true),
        ("CooldownWindowMinutes", Whole(COUNT, LARGEST), true),
    ]),
    false,
);
const RULE: &[Parameter] = &[
    ("RuleName", Text(1, 32), false),
    ("RuleARN", Text(1, ANY), false),
    ("ResourceARN", Text(0, 500), true),
    ("Priority", Whole(1, 9999), true),
    ("FixedRate", Number(0.0, 1.0), true),
    ("ReservoirSize", Whole(COUNT, LARGEST), true),
    ("ServiceName", Text(0, 64), true),
    ("ServiceType", Text(0, 64), true),
    ("Host", Text(0, 64), true),
    ("HTTPMethod", Text(0, 10), true),
    ("URLPath", Text(0, 128), true),
    ("Version", Whole(1, LARGEST), true),
    ("Attributes", Map(5, 32), false),
    BOOST,
];
const RULE_UPDATE: &[Parameter] = &[
    ("RuleName", Text(1, 32), false),
    ("RuleARN", Text(1, ANY), false),
    ("ResourceARN", Text(0, 500), false),
    ("Priority", Whole(1, 9999), false),
    ("FixedRate", Number(0.0, 1.0), false),
    ("ReservoirSize", Whole(COUNT, LARGEST), false),
    ("ServiceName", Text(0, 64), false),
    ("ServiceType", Text(0, 64), false),
    ("Host", Text(0, 64), false),
    ("HTTPMethod", Text(0, 10), false),
    ("URLPath", Text(0, 128), false),
    ("Attributes", Map(5, 32), false),
    BOOST,
];
const STATISTICS: &[Parameter] = &[
    ("RuleName", Text(1, 32), true),
    ("ClientID", Text(24, 24), true),
    ("Timestamp", Time, true),
    ("RequestCount", Whole(COUNT, LARGEST), true),
    ("SampledCount", Whole(COUNT, LARGEST), true),
    ("BorrowCount", Whole(COUNT, LARGEST), false),
];
const BOOST_STATISTICS: &[Parameter] = &[
    ("RuleName", Text(1, 32), true),
    ("ServiceName", Text(0, 64), true),
    ("Timestamp", Time, true),
    ("AnomalyCount", Whole(COUNT, LARGEST), true),
    ("TotalCount", Whole(COUNT, LARGEST), true),
    ("SampledAnomalyCount", Whole(COUNT, LARGEST), true),
];
const ERRORS: &[Parameter] = &[
    ("TimeoutCount", Whole(COUNT, LARGEST), false),
    ("ConnectionRefusedCount", Whole(COUNT, LARGEST), false),
    ("HTTPCode4XXCount", Whole(COUNT, LARGEST), false),
    ("HTTPCode5XXCount", Whole(COUNT, LARGEST), false),
    ("UnknownHostCount", Whole(COUNT, LARGEST), false),
    ("OtherCount", Whole(COUNT, LARGEST), false),
];
const TELEMETRY: &[Parameter] = &[
    ("Timestamp", Time, true),
    ("SegmentsReceivedCount", Whole(COUNT, LARGEST), false),
    ("SegmentsSentCount", Whole(COUNT, LARGEST), false),
    ("SegmentsSpilloverCount", Whole(COUNT, LARGEST), false),
    ("SegmentsRejectedCount", Whole(COUNT, LARGEST), false),
    ("BackendConnectionErrors", Structure(ERRORS), false),
];
const STRATEGY: &[Parameter] = &[
    ("Name", OneOf(&["PartialScan", "FixedRate"]), false),
    ("Value", Number(f64::MIN, f64::MAX), false),
];

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
