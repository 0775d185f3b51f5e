use super::{
    app::{BusLog, BusLogLevel},
    resource::Resource,
};

/// The `LogConfig` of a bus, unless it logs nothing.
pub(super) fn parse(bus: &Resource<'_>) -> Option<BusLog> {
    let config = &bus.properties["LogConfig"];
    let level = match config["Level"].as_str()? {
        "ERROR" => BusLogLevel::Error,
        "INFO" => BusLogLevel::Info,
        "TRACE" => BusLogLevel::Trace,
        _ => return None,
    };
    Some(BusLog { level, includes_detail: config["IncludeDetail"] == "FULL" })
}
