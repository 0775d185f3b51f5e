use std::{ops::RangeInclusive, str::FromStr};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc, Weekday};

/// The years that EventBridge takes.
const YEARS: RangeInclusive<u32> = 1970..=2199;
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The six fields of a cron expression: minutes, hours, day of month, month, day of week, year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: Vec<u32>,
    hours: Vec<u32>,
    day: Day,
    months: Vec<u32>,
    years: Vec<u32>,
}

/// Which days of a month: one of the two fields for days is `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Day {
    OfMonth(Vec<u32>),
    /// `L`, the last.
    LastOfMonth,
    /// `15W`, the weekday (Monday to Friday) nearest to that day, within its month.
    NearestWeekday(u32),
    /// `LW`, the last one from Monday to Friday.
    LastWeekday,
    /// 1 is Sunday.
    OfWeek(Vec<u32>),
    /// `6L`, the last Friday of the month.
    LastOfWeek(u32),
    /// `3#2`, the second Tuesday.
    NthOfWeek(u32, u32),
}

impl Cron {
    /// The first time after `after`.
    pub(super) fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (mut date, last_year) = (after.date_naive(), self.years.last()?);
        while year(date) <= *last_year {
            if self.is_on(date) {
                let mut times = self
                    .hours
                    .iter()
                    .flat_map(|hour| self.minutes.iter().map(move |minute| (*hour, *minute)));
                let next = times.find_map(|(hour, minute)| {
                    let time = NaiveTime::from_hms_opt(hour, minute, 0)?;
                    let time = date.and_time(time).and_utc();
                    (time > after).then_some(time)
                });
                if next.is_some() {
                    return next;
                }
            }
            date = date.checked_add_days(Days::new(1))?;
        }
        None
    }

    fn is_on(&self, date: NaiveDate) -> bool {
        self.years.contains(&year(date))
            && self.months.contains(&date.month())
            && self.day.is_on(date)
    }
}

impl Day {
    fn is_on(&self, date: NaiveDate) -> bool {
        let (day, of_week) = (date.day(), date.weekday().number_from_sunday());
        let last = u32::from(date.num_days_in_month());
        match self {
            Self::OfMonth(days) => days.contains(&day),
            Self::LastOfMonth => day == last,
            Self::NearestWeekday(wanted) => Some(day) == nearest_weekday(date, *wanted),
            Self::LastWeekday => {
                !is_weekend(date)
                    && (day + 1..=last).all(|day| date.with_day(day).is_some_and(is_weekend))
            }
            Self::OfWeek(days) => days.contains(&of_week),
            Self::LastOfWeek(wanted) => of_week == *wanted && day + 7 > last,
            Self::NthOfWeek(wanted, nth) => of_week == *wanted && day.div_ceil(7) == *nth,
        }
    }
}

impl FromStr for Cron {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fields: Vec<_> = text.split_whitespace().collect();
        let [minutes, hours, of_month, months, of_week, years] = fields.as_slice() else {
            return Err(format!(
                "it has {} fields and not six: minutes, hours, day of month, month, day of week, year",
                fields.len()
            ));
        };
        Ok(Self {
            minutes: values(minutes, 0..=59, &[])?,
            hours: values(hours, 0..=23, &[])?,
            day: day(of_month, of_week)?,
            months: values(months, 1..=12, &MONTHS)?,
            years: values(years, YEARS, &[])?,
        })
    }
}

fn day(of_month: &str, of_week: &str) -> Result<Day, String> {
    match (of_month, of_week) {
        ("?", "?") => return Err("only one of the two days can be `?`".to_owned()),
        ("?", _) | (_, "?") => {}
        _ => return Err("one of day of month and day of week has to be `?`".to_owned()),
    }
    if of_month == "?" {
        let weekday = |text: &str| value(text, &(1..=7), &WEEKDAYS);
        if of_week == "L" {
            return Ok(Day::OfWeek(vec![7]));
        }
        if let Some(wanted) = of_week.strip_suffix('L') {
            return Ok(Day::LastOfWeek(weekday(wanted)?));
        }
        if let Some((wanted, nth)) = of_week.split_once('#') {
            return Ok(Day::NthOfWeek(weekday(wanted)?, value(nth, &(1..=5), &[])?));
        }
        return Ok(Day::OfWeek(values(of_week, 1..=7, &WEEKDAYS)?));
    }
    match of_month {
        "L" => return Ok(Day::LastOfMonth),
        "LW" | "WL" => return Ok(Day::LastWeekday),
        _ => {}
    }
    match of_month.strip_suffix('W') {
        Some(wanted) => Ok(Day::NearestWeekday(value(wanted, &(1..=31), &[])?)),
        None => Ok(Day::OfMonth(values(of_month, 1..=31, &[])?)),
    }
}

/// The values of a field in their order: `*`, `5`, `1-5`, `0/15`, and several with commas.
fn values(field: &str, range: RangeInclusive<u32>, names: &[&str]) -> Result<Vec<u32>, String> {
    let mut all = Vec::new();
    for part in field.split(',') {
        let (span, step) = match part.split_once('/') {
            Some((span, step)) => (span, Some(value(step, &(1..=*range.end()), &[])?)),
            None => (part, None),
        };
        let (first, last) = match span.split_once('-') {
            _ if span == "*" => (*range.start(), *range.end()),
            Some((first, last)) => (value(first, &range, names)?, value(last, &range, names)?),
            None => {
                let first = value(span, &range, names)?;
                (first, if step.is_some() { *range.end() } else { first })
            }
        };
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(1);
        if first <= last {
            all.extend((first..=last).step_by(step));
        } else if names.is_empty() {
            return Err(format!("`{part}` ends before it begins"));
        } else {
            // FRI-MON goes over the end of the week.
            let around = (first..=*range.end()).chain(*range.start()..=last);
            all.extend(around.step_by(step));
        }
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

fn value(text: &str, range: &RangeInclusive<u32>, names: &[&str]) -> Result<u32, String> {
    let place = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    let by_name = place.and_then(|place| u32::try_from(place + 1).ok());
    by_name
        .or_else(|| text.parse().ok())
        .filter(|value| range.contains(value))
        .ok_or_else(|| format!("`{text}` is not within {} and {}", range.start(), range.end()))
}

/// The day of `date`'s month that is no weekend and nearest to `wanted`; `None` if the month is shorter.
fn nearest_weekday(date: NaiveDate, wanted: u32) -> Option<u32> {
    let last = u32::from(date.num_days_in_month());
    Some(match date.with_day(wanted)?.weekday() {
        Weekday::Sat if wanted == 1 => 3,
        Weekday::Sat => wanted - 1,
        Weekday::Sun if wanted == last => wanted - 2,
        Weekday::Sun => wanted + 1,
        _ => wanted,
    })
}

fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

fn year(date: NaiveDate) -> u32 {
    date.year().unsigned_abs()
}
