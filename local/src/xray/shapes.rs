use crate::wire::parameters::{
    ANY,
    Form::{Map, Number, OneOf, Structure, Structures, Text, Texts, Time, Truth, Whole},
    Parameter,
};

pub(super) const NAME: Parameter = ("GroupName", Text(1, 32), false);
pub(super) const ARN: Parameter = ("GroupARN", Text(1, 400), false);
pub(super) const FILTER: Parameter = ("FilterExpression", Text(0, ANY), false);
pub(super) const START: Parameter = ("StartTime", Time, true);
pub(super) const END: Parameter = ("EndTime", Time, true);
pub(super) const TOKEN: Parameter = ("NextToken", Text(0, 2000), false);
pub(super) const PAGE_SIZE: Parameter = ("MaxResults", Whole(1, 100), false);
pub(super) const TRACE_IDS: Parameter = ("TraceIds", Texts(ANY, 35), true);
pub(super) const INSIGHT: Parameter = ("InsightId", Text(1, 36), true);
pub(super) const RETRIEVAL: Parameter = ("RetrievalToken", Text(0, 1020), true);
pub(super) const RESOURCE: Parameter = ("ResourceARN", Text(1, 1011), true);
pub(super) const TAG: &[Parameter] = &[("Key", Text(1, 128), true), ("Value", Text(0, 256), true)];
pub(super) const TAGS: Parameter = ("Tags", Structures(200, TAG), false);
pub(super) const INSIGHTS: Parameter = (
    "InsightsConfiguration",
    Structure(&[("InsightsEnabled", Truth, false), ("NotificationsEnabled", Truth, false)]),
    false,
);
pub(super) const LARGEST: i64 = i32::MAX as i64;
pub(super) const COUNT: i64 = 0;
const BOOST: Parameter = (
    "SamplingRateBoost",
    Structure(&[
        ("MaxRate", Number(0.0, 1.0), true),
        ("CooldownWindowMinutes", Whole(COUNT, LARGEST), true),
    ]),
    false,
);
pub(super) const RULE: &[Parameter] = &[
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
pub(super) const RULE_UPDATE: &[Parameter] = &[
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
pub(super) const STATISTICS: &[Parameter] = &[
    ("RuleName", Text(1, 32), true),
    ("ClientID", Text(24, 24), true),
    ("Timestamp", Time, true),
    ("RequestCount", Whole(COUNT, LARGEST), true),
    ("SampledCount", Whole(COUNT, LARGEST), true),
    ("BorrowCount", Whole(COUNT, LARGEST), false),
];
pub(super) const BOOST_STATISTICS: &[Parameter] = &[
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
pub(super) const TELEMETRY: &[Parameter] = &[
    ("Timestamp", Time, true),
    ("SegmentsReceivedCount", Whole(COUNT, LARGEST), false),
    ("SegmentsSentCount", Whole(COUNT, LARGEST), false),
    ("SegmentsSpilloverCount", Whole(COUNT, LARGEST), false),
    ("SegmentsRejectedCount", Whole(COUNT, LARGEST), false),
    ("BackendConnectionErrors", Structure(ERRORS), false),
];
pub(super) const STRATEGY: &[Parameter] = &[
    ("Name", OneOf(&["PartialScan", "FixedRate"]), false),
    ("Value", Number(f64::MIN, f64::MAX), false),
];
