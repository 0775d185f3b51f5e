use e2e::Chaos;

/// Everybody orders while so many of a hundred calls meet a fault. Everything that has to be zero is zero; if
/// not, the report says what is broken, and shows the traces of the first orders that are.
async fn nothing_is_broken(orders: usize, percent: f64, seed: u64) {
    let report = Chaos { orders, at_once: 24, percent, seed }.run().await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_broken_without_faults() {
    nothing_is_broken(100, 0.0, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_broken_when_two_of_a_hundred_calls_fail() {
    nothing_is_broken(150, 2.0, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_broken_when_ten_of_a_hundred_calls_fail() {
    nothing_is_broken(250, 10.0, 3).await;
}
