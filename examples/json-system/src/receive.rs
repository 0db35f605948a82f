//! What a node does with what it is sent.

use distributed_actor::{AnyLocal, CallScope, DecodeContext, IncomingCall, Terminated, execute_distributed_target};

use crate::{
    JsonDecoder, JsonReply, JsonSystem, SampleId,
    running::Asker,
    wire::{Answer, Envelope, Invocation, Question},
};

impl JsonSystem {
    pub(crate) fn receive(&self, text: &str) {
        match serde_json::from_str(text) {
            Ok(Envelope::Ask { from, number, actor, question }) => {
                let asker = number.map(|number| (from, number));
                self.question(asker, actor, question);
            }
            Ok(Envelope::Cancel { from, number }) => self.running().cancel(&(from, number)),
            Ok(Envelope::Answer { number, answer }) => self.asked().answered(number, answer),
            Ok(Envelope::Gone { node }) => self.asked().gone(&node),
            // Only nodes of this program are on the wire: one of them would have a bug.
            Err(error) => eprintln!("node `{}` was sent something else than an envelope: {error}", self.node()),
        }
    }

    fn question(&self, asker: Option<Asker>, actor: SampleId, question: Question) {
        match (self.local(&actor), question) {
            (Ok(local), Question::Call(invocation)) => self.call(&local, asker, actor, invocation),
            (Ok(local), Question::Stop) => local.stop(),
            (Ok(local), Question::Watch) => {
                let (system, ended) = (self.clone(), local.terminated());
                tokio::spawn(async move { system.answer(asker, Answer::Ended(ended.await)) });
            }
            (Err(_), Question::Watch) => self.answer(asker, Answer::Ended(Terminated::NoSuchActor)),
            (Err(error), _) => self.answer(asker, Answer::Failed(error)),
        }
    }

    fn call(&self, local: &AnyLocal<Self>, asker: Option<Asker>, actor: SampleId, invocation: Invocation) {
        let Invocation { method, arguments, timeout, chain, trace } = invocation;
        let mut incoming = IncomingCall::new(timeout);
        incoming.parent = CallScope::from_links(chain, None);
        incoming.trace = trace.and_then(|trace| trace.parse().ok());
        let decoder = JsonDecoder { arguments: arguments.into_iter(), context: DecodeContext::new(self.clone()) };
        let reply = JsonReply::new(self.clone(), actor, method.clone(), asker.clone());
        match asker {
            Some(asker) => {
                self.running().begin(&asker);
                let token = execute_distributed_target(local, &method, decoder, reply, incoming);
                self.running().begun(&asker, token);
            }
            None => drop(execute_distributed_target(local, &method, decoder, reply, incoming)),
        }
    }

    /// Answers what a node has asked. Where that has gone meanwhile, nobody is left to be told.
    pub(crate) fn answer(&self, asker: Option<Asker>, answer: Answer) {
        if let Some(asker) = asker {
            self.running().end(&asker);
            let (node, number) = asker;
            let _ = self.wire().send(&node, &Envelope::Answer { number, answer });
        }
    }
}
