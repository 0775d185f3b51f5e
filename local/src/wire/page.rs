use super::AwsError;

/// One page of a list, as the APIs with tokens answer it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// The token of the next page, where there is one: the number of items before it.
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// At most `size` of `items`, from where `token` says.
    ///
    /// # Errors
    /// Where the token is not one that such a list ever gave.
    pub(crate) fn of(items: Vec<T>, size: usize, token: Option<&str>) -> Result<Self, BadToken> {
        let first = match token {
            None | Some("") => 0,
            Some(token) => {
                let number = token.parse().ok().filter(|number| *number < items.len());
                number.ok_or(BadToken)?
            }
        };
        let after = first.saturating_add(size);
        let next = (after < items.len()).then(|| after.to_string());
        Ok(Self { items: items.into_iter().skip(first).take(size).collect(), next })
    }
}

/// A token that no answer gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadToken;

/// The size of a page that a request asks for: from 1 to `most`, which is also what is meant where it does not say.
///
/// # Errors
/// What a number outside of that breaks of the API's model, in the words of AWS; `member` is its name.
pub(crate) fn page_size(asked: Option<i64>, member: &str, most: usize) -> Result<usize, AwsError> {
    let Some(asked) = asked else { return Ok(most) };
    let limit = match usize::try_from(asked) {
        Ok(size) if (1..=most).contains(&size) => return Ok(size),
        Ok(size) if size > most => format!("less than or equal to {most}"),
        _ => "greater than or equal to 1".to_owned(),
    };
    let message = format!(
        "1 validation error detected: Value '{asked}' at '{member}' failed to satisfy constraint: Member must have value {limit}"
    );
    Err(AwsError::bad_request("ValidationException", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_five() {
        for (size, token, expected, next) in [
            (2, None, &[0, 1][..], Some("2")),
            (2, Some(""), &[0, 1], Some("2")),
            (2, Some("2"), &[2, 3], Some("4")),
            (2, Some("4"), &[4], None),
            (5, None, &[0, 1, 2, 3, 4], None),
            (usize::MAX, Some("1"), &[1, 2, 3, 4], None),
        ] {
            let page = Page::of((0..5).collect(), size, token).unwrap();
            assert_eq!((page.items.as_slice(), page.next.as_deref()), (expected, next));
        }
        for token in ["5", "-1", "x", "99999999999999999999"] {
            assert_eq!(Page::of((0..5).collect::<Vec<_>>(), 2, Some(token)), Err(BadToken));
        }
    }

    #[test]
    fn sizes_of_pages() {
        for (asked, expected) in [(None, 100), (Some(1), 1), (Some(100), 100)] {
            assert_eq!(page_size(asked, "limit", 100).unwrap(), expected);
        }
        for (asked, reason) in
            [(0, "greater than or equal to 1"), (-3, "greater"), (101, "less than or equal to 100")]
        {
            let error = page_size(Some(asked), "limit", 100).unwrap_err();
            assert!(error.message.contains(reason), "{}", error.message);
        }
    }
}
