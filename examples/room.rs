//! References as arguments and results.
//!
//! Run `cargo run --example room`. Members on two nodes join a room on a third one, and greet each other through the
//! references that the room hands out.

use distributed_actor::{ActorRef, Context, Node, distributed_actor};

struct Member {
    name: String,
}

#[distributed_actor]
impl Member {
    #[distributed]
    fn greet(&self, guest: String) -> String {
        format!("{} greets {guest}", self.name)
    }
}

#[derive(Default)]
struct Room {
    members: Vec<ActorRef<Member>>,
}

#[distributed_actor]
impl Room {
    /// Returns who was there before.
    #[distributed]
    async fn join(&mut self, member: ActorRef<Member>) -> Vec<ActorRef<Member>> {
        let others = self.members.clone();
        self.members.push(member);
        others
    }

    /// `#[ctx]` parameters are no part of the call's signature.
    #[distributed]
    fn close(&mut self, #[ctx] ctx: &Context<Self>) -> usize {
        ctx.stop();
        self.members.len()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let house = Node::builder().listen("tcp://127.0.0.1:0").start().await?;
    let room = house.spawn(Room::default());
    house.register("room", &room)?;

    let mut guests = Vec::new();
    for name in ["Anna", "Bert", "Cleo"] {
        let node = Node::builder().name(name).listen("tcp://127.0.0.1:0").start().await?;
        let room: ActorRef<Room> = node.lookup(house.address(), "room").await?;
        let me = node.spawn(Member { name: name.into() });
        for other in room.join(me.clone()).await? {
            // The other member lives on a node that this one has never talked to: its address came with the reference.
            println!("{}", other.greet(name.into()).await?);
        }
        guests.push((node, me));
    }

    println!("{} members were there", room.close().await?);
    println!("the room has ended: {:?}", room.terminated().await);
    Ok(())
}
