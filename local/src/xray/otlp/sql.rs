use serde_json::{Value, json};

use super::attributes::Attributes;

const SYSTEM: [&str; 1] = ["db.system"];
const NAME: [&str; 1] = ["db.name"];
const CONNECTION: [&str; 1] = ["db.connection_string"];
const STATEMENT: [&str; 2] = ["db.statement", "db.query.text"];
const USER: [&str; 1] = ["db.user"];
/// The databases that speak SQL.
const SYSTEMS: [&str; 11] = [
    "db2",
    "derby",
    "hive",
    "mariadb",
    "mssql",
    "mysql",
    "oracle",
    "postgresql",
    "sqlite",
    "teradata",
    "other_sql",
];

/// The field `sql`, for the databases that speak it; the attributes of others are metadata. Its `url` is the name of the
/// span, which says more than the address.
pub(super) fn take(attributes: &mut Attributes, span: &str) -> Option<Value> {
    let system = attributes.text(&SYSTEM).filter(|system| SYSTEMS.contains(system))?;
    let connection = attributes.text(&CONNECTION).unwrap_or("localhost");
    let name = attributes.text(&NAME).unwrap_or_default();
    let mut sql = json!({
        "url": span,
        "connection_string": format!("{connection}/{name}"),
        "database_type": system,
    });
    for (field, names) in [("user", &USER[..]), ("sanitized_query", &STATEMENT)] {
        if let Some(value) = attributes.text(names) {
            sql[field] = value.into();
        }
    }
    for names in [&SYSTEM[..], &NAME, &CONNECTION, &STATEMENT, &USER] {
        attributes.remove(names);
    }
    Some(sql)
}
