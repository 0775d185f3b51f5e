use std::convert::Infallible;

use lambda_http::{Body, Request, RequestExt, Response};
use shared::{
    Cause, Told, clock,
    lambda::{chain, record_error},
    publisher::{PublishError, Publisher},
};
use tracing::Span;

use crate::{
    answer,
    order::{Order, PriceList, Refusal, Wish},
    store::{OrderTable, OrderTableError},
};

/// What taking an order needs.
#[derive(Debug)]
pub(crate) struct Orders {
    /// The web origin whose pages may read the answers; empty for none.
    pub(crate) cors_origin: String,
    pub(crate) prices: PriceList,
    pub(crate) table: OrderTable,
    pub(crate) bus: Publisher,
}

/// Why a request was not answered with an order.
#[derive(Debug, thiserror::Error)]
enum NotServed {
    #[error("the request was refused")]
    Refused(Refusal),
    #[error("there is no such order")]
    Unknown,
    #[error("the idempotency key was used for another order")]
    OtherWish,
    #[error("the table of orders is unavailable")]
    Table(#[from] OrderTableError),
    #[error("the order was kept, but could not be told")]
    Bus(#[from] PublishError),
}

impl Orders {
    /// Answers a request. Whatever goes wrong has an answer, so there is no error.
    pub(crate) async fn answer(&self, request: Request) -> Result<Response<Body>, Infallible> {
        let path = request.path_parameters();
        let customer_id = path.first("customerId").unwrap_or_default();
        let served = match path.first("orderId") {
            Some(order_id) => self.look_up(customer_id, order_id).await,
            None => self.take(customer_id, &request).await,
        };
        let mut answer = served.unwrap_or_else(|error| {
            let answer = match &error {
                NotServed::Refused(refusal) => answer::refused(refusal),
                NotServed::OtherWish => answer::key_reused(),
                NotServed::Unknown => answer::not_found(),
                NotServed::Table(_) | NotServed::Bus(_) => answer::unavailable(),
            };
            record_error(&Span::current(), &error);
            tracing::warn!(status = answer.status().as_u16(), error = chain(&error), "not served");
            answer
        });
        answer::allow(&mut answer, &self.cors_origin);
        Span::current().record("http.response.status_code", answer.status().as_u16());
        Ok(answer)
    }

    /// Decide, keep, tell. An order that was kept but not told is told when the client sends the same
    /// idempotency key again; without one the client orders anew, and nobody ever hears of the first.
    async fn take(
        &self,
        customer_id: &str,
        request: &Request,
    ) -> Result<Response<Body>, NotServed> {
        let now = clock::now();
        let wish = Wish::read(customer_id, request.body()).map_err(NotServed::Refused)?;
        let key =
            request.headers().get("idempotency-key").map(lambda_http::http::HeaderValue::as_bytes);
        let key = key.map(String::from_utf8_lossy);
        let order_id = wish.order_id(key.as_deref(), now).map_err(NotServed::Refused)?;
        let order = wish.place(order_id, &self.prices, now).map_err(NotServed::Refused)?;
        annotate(&order);

        let kept = self.table.keep_first(&order).await?;
        if !kept.is_same_wish(&order) {
            return Err(NotServed::OtherWish);
        }
        let told = Told::new(kept.created.clone(), kept.created_at, Cause::request());
        self.bus.tell(&told.news_of(now)).await?;
        tracing::info!("order created");
        Ok(answer::created(&kept))
    }

    async fn look_up(
        &self,
        customer_id: &str,
        order_id: &str,
    ) -> Result<Response<Body>, NotServed> {
        let order = self.table.find(customer_id, order_id).await?.ok_or(NotServed::Unknown)?;
        annotate(&order);
        Ok(answer::found(&order))
    }
}

fn annotate(order: &Order) {
    let span = Span::current();
    span.record("annotation.order_id", &order.created.order_id);
    span.record("annotation.customer_id", &order.created.customer_id);
    span.record("annotation.product_id", &order.created.product_id);
    span.record("annotation.order_amount", order.created.amount.as_float());
}
