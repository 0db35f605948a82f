//! A `tracing` span for each call.
//!
//! Alone in its process: where a thread without a subscriber is the first to come to a span of `tracing`'s, that span is
//! off for the others, too.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::sync::{Arc, Mutex};

use distributed_actor::{Context, Node, TraceParent, distributed_actor};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

struct Worker;

#[distributed_actor]
impl Worker {
    #[distributed]
    fn plain(&mut self) {
        tracing::info!("inside");
    }

    #[distributed]
    fn with_context(&mut self, #[ctx] ctx: &Context<Self>) {
        assert_eq!(ctx.actor_ref().id(), ctx.id());
        tracing::info!("inside");
    }

    #[distributed]
    async fn in_two_steps(&mut self) {
        tracing::info!("inside");
        tokio::task::yield_now().await;
        tracing::info!("inside");
    }
}

/// R36
#[tokio::test(start_paused = true)]
async fn every_call_has_a_span_with_its_name_and_its_trace() {
    let recorder = Recorder::default();
    let _default = tracing::subscriber::set_default(recorder.clone());
    let node = Node::builder().start().await.unwrap();
    let actor = node.spawn(Worker);
    let root: TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
    let span = |method: &str, events: usize| Span {
        method: format!("local_spans::Worker::{method}"),
        name: format!("local_spans::Worker::{method}"),
        actor: actor.to_string(),
        trace: Some(root.trace_id()),
        events,
        depth: 0,
    };
    // Scheduled, then inlined, then queued.
    for _ in 0..2 {
        actor.plain().trace_parent(root).await.unwrap();
        actor.with_context().trace_parent(root).await.unwrap();
        actor.in_two_steps().trace_parent(root).await.unwrap();
        assert_eq!(recorder.take(), [span("plain", 1), span("with_context", 1), span("in_two_steps", 2)]);
    }
    let (one, two) = futures::join!(
        actor.in_two_steps().trace_parent(root).into_future(),
        actor.plain().trace_parent(root).into_future()
    );
    one.unwrap();
    two.unwrap();
    assert_eq!(recorder.take(), [span("in_two_steps", 2), span("plain", 1)]);
    actor.plain().await.unwrap();
    actor.plain().trace_parent(root).cast().await.unwrap();
    assert_eq!(recorder.take(), [Span { trace: None, ..span("plain", 1) }, span("plain", 1)]);
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Span {
    method: String,
    name: String,
    actor: String,
    /// The trace that the call belongs to.
    trace: Option<u128>,
    /// What was logged in it.
    events: usize,
    /// How often it is entered right now.
    depth: usize,
}

/// A subscriber that remembers the spans of calls, in the order in which they began.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Recorded>>);

#[derive(Default)]
struct Recorded {
    spans: Vec<Span>,
    entered: Vec<usize>,
}

impl Recorder {
    fn take(&self) -> Vec<Span> {
        std::mem::take(&mut *self.0.lock().unwrap()).spans
    }
}

impl Visit for Span {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "method" => self.method = text.trim_matches('"').into(),
            "otel.name" => self.name = text.trim_matches('"').into(),
            "actor" => self.actor = text,
            "traceparent" => self.trace = Some(text.parse::<TraceParent>().unwrap().trace_id()),
            _ => {}
        }
    }
}

fn place(id: &span::Id) -> usize {
    usize::try_from(id.into_u64()).unwrap() - 1
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.name() == "actor_call" || metadata.target() == "local_spans"
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut span = Span::default();
        attributes.record(&mut span);
        let mut recorded = self.0.lock().unwrap();
        recorded.spans.push(span);
        span::Id::from_u64(recorded.spans.len() as u64)
    }

    fn record(&self, id: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.0.lock().unwrap().spans[place(id)]);
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {
        let mut recorded = self.0.lock().unwrap();
        let current = *recorded.entered.last().expect("it was logged outside any call");
        recorded.spans[current].events += 1;
    }

    fn enter(&self, id: &span::Id) {
        let mut recorded = self.0.lock().unwrap();
        recorded.entered.push(place(id));
        recorded.spans[place(id)].depth += 1;
    }

    fn exit(&self, id: &span::Id) {
        let mut recorded = self.0.lock().unwrap();
        assert_eq!(recorded.entered.pop(), Some(place(id)));
        recorded.spans[place(id)].depth -= 1;
    }
}
