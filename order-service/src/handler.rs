use chrono::{DateTime, TimeDelta, Utc};
use lambda_http::{Body, Request, RequestExt, Response, http::Method};
use shared::{
    Cause, CustomerId, Invocation, OrderId, OutboundEvent, Publisher, Recorded, ReportedError,
    TraceHeader, annotation, chain, clock,
};

use crate::{
    caller::{Access, Caller, NotTheCustomer},
    key::{Answered, Key},
    listing::Listing,
    order::{Open, Order, PriceList},
    request::{InvalidRequest, OrderRequest},
    response::{self, BasePath, TracesUrl},
    store::{Fenced, OrderTable, OrderTableError, Placed},
};

/// What taking orders needs.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) access: Access,
    /// The web origin whose pages may read the responses; empty for none.
    pub(crate) cors_origin: String,
    /// Where traces can be seen.
    pub(crate) traces: TracesUrl,
    pub(crate) prices: PriceList,
    /// After what time an order that has not ended is published again.
    pub(crate) open_after: TimeDelta,
    pub(crate) table: OrderTable,
    pub(crate) bus: Publisher,
}

/// Why the response to a request is not an order.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderError {
    #[error(transparent)]
    NotTheCustomer(#[from] NotTheCustomer),
    #[error("the request is invalid")]
    InvalidRequest(#[from] InvalidRequest),
    #[error("there is no such order")]
    NotFound,
    #[error("the idempotency key was used for another order")]
    IdempotencyKeyReused,
    #[error("another request with the idempotency key is under way")]
    InFlight,
    #[error("the table of orders is unavailable")]
    Table(#[from] OrderTableError),
    #[error("it is unknown whether the order is stored")]
    Unknown(#[source] OrderTableError),
}

impl Orders {
    /// Responds to a request. Every error has a response, which carries it to the layer that
    /// records it.
    pub(crate) async fn respond(
        &self,
        request: &Request,
        caller: &Caller,
        invocation: &Invocation,
    ) -> Response<Body> {
        let outcome = self.route(request, caller, invocation).await;
        let mut response = outcome.unwrap_or_else(|error| {
            let mut response = response::error(&error);
            response.extensions_mut().insert(ReportedError::new(error));
            response
        });
        response::allow_origin(&mut response, &self.cors_origin);
        response
    }

    /// Does what the request asks for, if its sender is the customer.
    async fn route(
        &self,
        request: &Request,
        caller: &Caller,
        invocation: &Invocation,
    ) -> Result<Response<Body>, OrderError> {
        let path = request.path_parameters();
        let customer_id = path.first("customerId").unwrap_or_default();
        self.access.check(caller, customer_id)?;
        match (request.method(), path.first("orderId")) {
            (_, Some(order_id)) => self.look_up(customer_id, order_id, request).await,
            (&Method::GET, None) => self.list(customer_id, request).await,
            _ => {
                let is_canary = self.access.is_canary(caller, customer_id);
                self.place(customer_id, is_canary, request, invocation).await
            }
        }
    }

    /// Decides, stores, publishes. An order that is stored is published: if not now, by the sweep.
    async fn place(
        &self,
        customer_id: &str,
        is_canary: bool,
        request: &Request,
        invocation: &Invocation,
    ) -> Result<Response<Body>, OrderError> {
        let now = clock::now();
        let mut order = self.decide(customer_id, request, now)?;
        if is_canary {
            order.created.order_id = order.created.order_id.of_canary();
        }
        let key = request.headers().get("idempotency-key");
        let key = key.map(|key| Key::new(key.as_bytes(), &order)).transpose();
        let key = key.map_err(InvalidRequest::from)?;
        annotate(&order);

        let base = BasePath::of(request);
        let (order, answered) = self.store(order, key.as_ref(), invocation, now).await?;
        if let Some(answered) = answered {
            return Ok(response::placed(order.get(), answered, &base));
        }
        let (placed, created_at) = (order.get().clone(), order.get().created_at);
        let event = order.map(|order| order.created.into());
        let event = OutboundEvent::new(event, created_at, Cause::request());
        let answered = match self.bus.publish(&event).await {
            Ok(()) => Answered::Created,
            Err(error) => {
                let error = chain(&error);
                tracing::warn!(error, "the order is stored, and will be published later");
                Answered::Accepted
            }
        };
        tracing::info!("order created");
        if let Some(key) = &key
            && let Err(error) = self.table.record_answer(&placed, key, answered).await
        {
            let error = chain(&error);
            tracing::warn!(error, "a request with the same key is answered later than it could be");
        }
        Ok(response::placed(&placed, answered, &base))
    }

    /// The order that the request asks for, at our price.
    fn decide(
        &self,
        customer_id: &str,
        request: &Request,
        now: DateTime<Utc>,
    ) -> Result<Order, InvalidRequest> {
        let created = OrderRequest::parse(customer_id, request.body())?.place(&self.prices, now)?;
        Ok(Order {
            created,
            created_at: now,
            trace: TraceHeader::current().map(|header| header.to_string()),
            open: Some(Open { due_at: now + self.open_after, attempts: 0 }),
            progress: std::iter::empty().collect(),
        })
    }

    /// The order as it is stored now, or was stored by a request with the same key, and how that
    /// one was answered.
    async fn store(
        &self,
        order: Order,
        key: Option<&Key>,
        invocation: &Invocation,
        now: DateTime<Utc>,
    ) -> Result<(Recorded<Order>, Option<Answered>), OrderError> {
        let put = match key {
            None => self.table.put_if_absent(&order, invocation).await.map(Placed::Stored),
            Some(key) => self.table.put_with_key(&order, key, invocation, now).await,
        };
        let placed = match put {
            Ok(placed) => placed,
            Err(error) => match self.table.fence(&order, invocation, now).await {
                Ok(Fenced::Stored) => Placed::Stored(Recorded::New(order.clone())),
                Ok(Fenced::Withdrawn) => return Err(error.into()),
                // With its key, the client finds out by sending the same request again.
                Err(_) if key.is_some() => return Err(error.into()),
                Err(unknown) => {
                    let unknown = chain(&unknown);
                    tracing::error!(error = unknown, "it is unknown whether the order is stored");
                    return Err(OrderError::Unknown(error));
                }
            },
        };
        let used = match placed {
            Placed::Stored(order) => return Ok((order, None)),
            Placed::Conflict => return Err(OrderError::InFlight),
            Placed::Used(used) => used,
        };
        if key.is_some_and(|key| key.fingerprint != used.fingerprint) {
            return Err(OrderError::IdempotencyKeyReused);
        }
        if used.is_in_flight(now) {
            return Err(OrderError::InFlight);
        }
        let first = self.table.find(&order.created.customer_id, &used.order_id).await?;
        let first = first.ok_or(OrderTableError::Missing(used.order_id))?;
        annotate(&first);
        Ok((Recorded::Existing(first), used.answered))
    }

    async fn look_up(
        &self,
        customer_id: &str,
        order_id: &str,
        request: &Request,
    ) -> Result<Response<Body>, OrderError> {
        // No order was ever stored under an id that is not one.
        let customer_id: CustomerId = customer_id.parse().map_err(|_| OrderError::NotFound)?;
        let order_id: OrderId = order_id.parse().map_err(|_| OrderError::NotFound)?;
        let order = self.table.find(&customer_id, &order_id).await?.ok_or(OrderError::NotFound)?;
        annotate(&order);
        Ok(response::found(&order, request, &self.traces))
    }

    async fn list(
        &self,
        customer_id: &str,
        request: &Request,
    ) -> Result<Response<Body>, OrderError> {
        let customer_id: CustomerId = customer_id.parse().map_err(|_| OrderError::NotFound)?;
        annotation::customer_id(&customer_id);
        let listing = Listing::parse(&request.query_string_parameters())?;
        let page = self.table.page(&customer_id, listing.limit, listing.after.as_ref()).await?;
        Ok(response::page(&customer_id, &listing, &page, request, &self.traces))
    }
}

fn annotate(order: &Order) {
    annotation::order_id(&order.created.order_id);
    annotation::customer_id(&order.created.customer_id);
    annotation::product_id(&order.created.product_id);
    annotation::order_amount(order.created.amount);
}
