use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    filter::{self, Filter, GroupFilter},
    invalid,
};
use crate::{identity::arn, wire::AwsError};

/// The group of all traces, which every account has.
const DEFAULT: &str = "Default";
/// The most groups, the default one included
/// (<https://docs.aws.amazon.com/general/latest/gr/xray.html#limits_xray>).
const MAX_GROUPS: usize = 25;

/// The groups: traces that match a filter, under a name. The filter is evaluated when somebody asks, so a new
/// one holds for earlier traces too; X-Ray evaluates it when a trace comes.
#[derive(Debug)]
pub(super) struct Groups(Mutex<BTreeMap<String, Group>>);

/// A group. See <https://docs.aws.amazon.com/xray/latest/api/API_Group.html>.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) arn: String,
    /// The filter; the default group has none.
    expression: Option<String>,
    /// Whether unusual faults are reported.
    pub(super) insights: bool,
    notifications: bool,
}

impl Default for Groups {
    /// The default group alone.
    fn default() -> Self {
        let default = Group {
            name: DEFAULT.to_owned(),
            arn: arn("xray", "group/Default"),
            expression: None,
            insights: false,
            notifications: false,
        };
        Self(Mutex::new(BTreeMap::from([(default.name.clone(), default)])))
    }
}

/// The operations. Requests have the right form.
impl Groups {
    /// `CreateGroup`.
    pub(super) fn create(&self, request: &Value) -> Result<Group, AwsError> {
        let name = request["GroupName"].as_str().unwrap_or_default();
        if !is_name(name) {
            return Err(invalid("Invalid group name"));
        }
        if name == DEFAULT {
            return Err(invalid("Default is a reserved group name"));
        }
        let expression =
            expression(request)?.ok_or_else(|| invalid("Filter Expression is empty"))?;
        let mut group = Group {
            name: name.to_owned(),
            arn: arn("xray", &format!("group/{name}/{}", unique())),
            expression: Some(expression),
            insights: false,
            notifications: false,
        };
        group.configure(&request["InsightsConfiguration"])?;
        self.filter(&group)?;
        let mut groups = self.lock();
        if groups.contains_key(name) {
            return Err(invalid(format!("{name} already exists")));
        }
        if groups.len() >= MAX_GROUPS {
            return Err(invalid("The maximum number of groups has been reached"));
        }
        groups.insert(name.to_owned(), group.clone());
        Ok(group)
    }

    /// `UpdateGroup`.
    pub(super) fn update(&self, request: &Value) -> Result<Group, AwsError> {
        let mut group = self.get(request)?;
        if let Some(expression) = expression(request)? {
            if group.name == DEFAULT {
                return Err(invalid("The Default group filter expression cannot be changed"));
            }
            group.expression = Some(expression);
            self.filter(&group)?;
        }
        group.configure(&request["InsightsConfiguration"])?;
        // Whoever deleted it meanwhile came first.
        let mut groups = self.lock();
        find(&mut groups, request, "Group not found")?.clone_from(&group);
        Ok(group)
    }

    /// `GetGroup`.
    pub(super) fn get(&self, request: &Value) -> Result<Group, AwsError> {
        find(&mut self.lock(), request, "Group not found").cloned()
    }

    /// `DeleteGroup`.
    pub(super) fn delete(&self, request: &Value) -> Result<Group, AwsError> {
        let mut groups = self.lock();
        let group = find(&mut groups, request, "Group not found")?.clone();
        if group.name == DEFAULT {
            return Err(invalid("The Default group cannot be deleted"));
        }
        groups.remove(&group.name);
        Ok(group)
    }

    /// All of them by name, the default one first.
    pub(super) fn all(&self) -> Vec<Group> {
        let mut groups: Vec<_> = self.lock().values().cloned().collect();
        groups.sort_by_key(|group| group.name != DEFAULT);
        groups
    }

    /// The group that a request names beside other things, or the default one.
    pub(super) fn of(&self, request: &Value) -> Result<Group, AwsError> {
        if request["GroupName"].is_null() && request["GroupARN"].is_null() {
            return find(&mut self.lock(), &json!({ "GroupName": DEFAULT }), "").cloned();
        }
        find(&mut self.lock(), request, "Group not found.").cloned()
    }

    /// What the filters of all groups are, for filters that name a group.
    pub(super) fn filters(&self) -> filter::Groups {
        let filters = self.lock().values().map(Group::named_filter).collect();
        filter::Groups(filters)
    }

    /// The filter of `group`, which may name other groups. One that names itself is refused.
    pub(super) fn filter(&self, group: &Group) -> Result<Filter, AwsError> {
        let mut groups = self.filters();
        groups.0.retain(|other| other.name != group.name);
        groups.0.push(group.named_filter());
        let expression = group.expression.as_deref().unwrap_or_default();
        Filter::parse(expression, &groups).map_err(|problem| invalid(problem.to_string()))
    }

    /// Whether there is a group with that ARN.
    pub(super) fn has(&self, arn: &str) -> bool {
        self.lock().values().any(|group| group.arn == arn)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Group>> {
        // A panic elsewhere does not make the groups wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Group {
    /// As an answer has it.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "GroupName": self.name,
            "GroupARN": self.arn,
            "FilterExpression": self.expression,
            "InsightsConfiguration": {
                "InsightsEnabled": self.insights,
                "NotificationsEnabled": self.notifications,
            },
        })
    }

    fn named_filter(&self) -> GroupFilter {
        GroupFilter {
            name: self.name.clone(),
            arn: self.arn.clone(),
            expression: self.expression.clone().unwrap_or_default(),
        }
    }

    fn configure(&mut self, insights: &Value) -> Result<(), AwsError> {
        let enabled = insights["InsightsEnabled"].as_bool().unwrap_or(self.insights);
        let notifies = insights["NotificationsEnabled"].as_bool().unwrap_or(self.notifications);
        if notifies && !enabled {
            return Err(invalid("NotificationsEnabled needs InsightsEnabled"));
        }
        (self.insights, self.notifications) = (enabled, notifies);
        Ok(())
    }
}

/// The group that a request names, by name or by ARN.
fn find<'a>(
    groups: &'a mut BTreeMap<String, Group>,
    request: &Value,
    missing: &str,
) -> Result<&'a mut Group, AwsError> {
    let found = match (request["GroupName"].as_str(), request["GroupARN"].as_str()) {
        (Some(name), None) => groups.get_mut(name),
        (None, Some(arn)) => groups.values_mut().find(|group| group.arn == arn),
        _ => return Err(invalid("Provide either GroupName or GroupARN")),
    };
    found.ok_or_else(|| invalid(missing))
}

/// The filter of a request; an empty one is refused.
fn expression(request: &Value) -> Result<Option<String>, AwsError> {
    match request["FilterExpression"].as_str() {
        Some(text) if text.trim().is_empty() => Err(invalid("Filter Expression is empty")),
        text => Ok(text.map(str::to_owned)),
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// What distinguishes a group from a deleted one of the same name, in its ARN.
fn unique() -> String {
    Uuid::new_v4().simple().to_string().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_for_groups_and_why_they_are_refused() {
        let groups = Groups::default();
        let created = groups
            .create(&json!({ "GroupName": "slow", "FilterExpression": "duration > 5" }))
            .unwrap();
        assert!(created.arn.starts_with("arn:aws:xray:us-east-1:000000000000:group/slow/"));
        let create = |request| groups.create(&request).map(drop);
        let update = |request| groups.update(&request).map(drop);
        let delete = |request| groups.delete(&request).map(drop);
        let of = |request| groups.of(&request).map(drop);
        let name = |name: &str| json!({ "GroupName": name });
        let slow = json!({ "GroupName": "slow", "FilterExpression": "ok" });
        for (outcome, message) in [
            (create(slow), "slow already exists"),
            (create(name("new")), "Filter Expression is empty"),
            (
                create(json!({ "GroupName": "new", "FilterExpression": " " })),
                "Filter Expression is empty",
            ),
            (create(json!({ "GroupName": "a b", "FilterExpression": "ok" })), "Invalid group name"),
            (create(name("Default")), "Default is a reserved group name"),
            (update(name("gone")), "Group not found"),
            (update(json!({})), "Provide either GroupName or GroupARN"),
            (
                update(
                    json!({ "GroupName": "slow", "InsightsConfiguration": { "NotificationsEnabled": true } }),
                ),
                "NotificationsEnabled needs InsightsEnabled",
            ),
            (
                update(json!({ "GroupName": "Default", "FilterExpression": "ok" })),
                "The Default group filter expression cannot be changed",
            ),
            (delete(name("Default")), "The Default group cannot be deleted"),
            (of(name("gone")), "Group not found."),
            (
                of(json!({ "GroupARN": "arn:aws:xray:us-east-1:000000000000:group/slow/OLD" })),
                "Group not found.",
            ),
        ] {
            assert_eq!(outcome.unwrap_err().message, message);
        }
        for wrong in
            ["duration >", "no-keyword = 1", r#"group.name = "x""#, r#"group.name = "gone""#]
        {
            let refused =
                create(json!({ "GroupName": "x", "FilterExpression": wrong })).unwrap_err();
            assert!(refused.message.starts_with("Error Location: line 1"), "{}", refused.message);
            assert_eq!(refused.message.matches("Error").count(), 1, "{}", refused.message);
        }
        assert_eq!(groups.of(&json!({})).unwrap().name, "Default");
        assert_eq!(groups.of(&json!({ "GroupARN": created.arn })).unwrap().name, "slow");
        let names: Vec<_> = groups.all().into_iter().map(|group| group.name).collect();
        assert_eq!(names, ["Default", "slow"]);
        delete(name("slow")).unwrap();
        assert!(!groups.has(&created.arn));
    }

    #[test]
    fn an_account_has_25_groups() {
        let groups = Groups::default();
        let create = |number: usize| {
            let name = format!("g{number}");
            groups.create(&json!({ "GroupName": name, "FilterExpression": "ok" })).map(drop)
        };
        (1..MAX_GROUPS).for_each(|number| create(number).unwrap());
        assert!(create(MAX_GROUPS).unwrap_err().message.contains("maximum number of groups"));
    }
}
