use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

const APPROVED: &str = "200 OK\r\ncontent-length: 21\r\n\r\n{\"status\":\"approved\"}";

/// A processor that answers one request a connection, each with the next of `responses`; an empty one closes the
/// connection. The requests that it received.
async fn processor(responses: &'static [&'static str]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/", listener.local_addr().unwrap());
    let requests = Arc::<Mutex<Vec<String>>>::default();
    let received = Arc::clone(&requests);
    tokio::spawn(async move {
        for response in responses {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
            }
            received.lock().unwrap().push(String::from_utf8(request).unwrap());
            if !response.is_empty() {
                let response = format!("HTTP/1.1 {response}");
                stream.write_all(response.as_bytes()).await.unwrap();
            }
        }
    });
    (url, requests)
}

async fn charge(processor: &RemoteProcessor) -> Result<Verdict, ProcessorError> {
    let order_id: OrderId = "ord_1".parse().unwrap();
    let method: PaymentMethod = "card_ok".parse().unwrap();
    let amount = "199.98".parse().unwrap();
    let charge =
        Charge { idempotency_key: &order_id, amount, currency: "USD", method: Some(&method) };
    processor.charge(charge).await
}

#[tokio::test]
async fn a_charge_is_asked_for_again_with_the_same_key() {
    const FAILED: &str = "503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
    let (url, requests) = processor(&[FAILED, "", APPROVED]).await;
    let processor = RemoteProcessor::new(&url, "secret").unwrap();
    assert_eq!(charge(&processor).await.unwrap(), Verdict::Approved);
    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 3);
    for request in requests.iter() {
        assert!(request.starts_with("POST /v1/charges HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("idempotency-key: ord_1\r\n"), "{request}");
        assert!(request.contains("authorization: Bearer secret\r\n"), "{request}");
        let body = request.split_once("\r\n\r\n").unwrap().1;
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body, json!({ "amount": "199.98", "currency": "USD", "method": "card_ok" }));
    }
}

#[tokio::test]
async fn a_refusal_to_answer_is_not_repeated() {
    const REFUSED: &str = "401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
    const NONSENSE: &str = "200 OK\r\ncontent-length: 18\r\n\r\n{\"status\":\"maybe\"}";
    for (response, cause) in
        [(REFUSED, "it responded with status 401 Unauthorized"), (NONSENSE, "not understood")]
    {
        let responses: &'static [&'static str] = Box::leak(Box::new([response]));
        let (url, requests) = processor(responses).await;
        let processor = RemoteProcessor::new(&url, "").unwrap();
        let error = charge(&processor).await.unwrap_err();
        assert!(shared::chain(&error).contains(cause), "{error:?}");
        assert!(error.to_string().ends_with("in 1 attempts"), "{error}");
        let requests = requests.lock().unwrap();
        assert!(!requests[0].contains("authorization"), "{requests:?}");
    }
}

#[tokio::test]
async fn a_processor_that_fails_is_spared() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let processor = RemoteProcessor::new(&url, "").unwrap();
    for _ in 0..5 {
        let error = charge(&processor).await.unwrap_err();
        assert!(matches!(error, ProcessorError::Unavailable { attempts: 3, .. }), "{error:?}");
    }
    let error = charge(&processor).await.unwrap_err();
    assert!(matches!(error, ProcessorError::Spared(_)), "{error:?}");
}

#[test]
fn nothing_crosses_a_network_in_the_clear() {
    for url in ["http://processor.example", "ftp://localhost", "localhost:80", "/charges", ""] {
        assert!(RemoteProcessor::new(url, "").is_err(), "{url}");
    }
    for url in ["https://processor.example/v1", "http://localhost:1", "http://127.0.0.1:1/"] {
        assert!(RemoteProcessor::new(url, "").is_ok(), "{url}");
    }
    let processor = RemoteProcessor::new("https://processor.example", "secret").unwrap();
    assert!(!format!("{processor:?}").contains("secret"));
    assert!(RemoteProcessor::new("https://processor.example", "se\ncret").is_err());
}
