//! Where the children of supervisors run.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{thread, time::Duration};

use distributed_actor::{
    ActorRef, Context, Locality, Node, distributed_actor,
    supervision::{Child, Cooperation, Strategy, Supervisor},
};
use tokio::{runtime::Builder, time::Instant};

/// Knows on which threads it was made and started.
struct Tenant {
    made: String,
    started: String,
}

fn here() -> String {
    thread::current().name().unwrap_or_default().into()
}

#[distributed_actor]
impl Tenant {
    #[distributed(spawn)]
    fn create() -> Self {
        Self { made: here(), started: String::new() }
    }

    #[on_start]
    fn begins(&mut self) {
        self.started = here();
    }

    #[distributed]
    fn threads(&mut self) -> [String; 3] {
        [self.made.clone(), self.started.clone(), here()]
    }

    #[distributed]
    fn gives_up(&mut self, #[ctx] ctx: &Context<Self>) {
        ctx.fail("as asked");
    }
}

async fn lives_on(tenant: ActorRef<Tenant>, thread: &str) {
    assert_eq!(tenant.threads().await.unwrap(), [thread; 3]);
}

/// R89 R90
#[tokio::test]
async fn children_share_the_locality_of_their_supervisor_unless_told_otherwise() {
    let node = Node::builder().start().await.unwrap();
    let [house, hut] = ["house", "hut"].map(|name| Locality::thread(name).unwrap());
    let tenant = |name: &str| Child::new(name, Tenant::spawn_create());
    let below = |name: &str| Supervisor::builder(Strategy::OneForOne).child(tenant(name));
    let tree = Supervisor::builder(Strategy::OneForOne)
        .locality(&house)
        .child(tenant("a"))
        .child(tenant("moved").locality(&hut))
        .child(tenant("free").without_locality())
        .child(Child::new("below", below("b")))
        .child(Child::new("elsewhere", below("c").locality(&hut)))
        .child(Child::new("outside", below("d")).without_locality())
        .child(Child::new("group", Cooperation::builder("group").member("e", Tenant::spawn_create())))
        .start(&node)
        .await
        .unwrap();
    let runtime = here();
    lives_on(tree.child("a").unwrap(), "house").await;
    lives_on(tree.child("moved").unwrap(), "hut").await;
    lives_on(tree.child("free").unwrap(), &runtime).await;
    lives_on(tree.supervisor("below").unwrap().child("b").unwrap(), "house").await;
    lives_on(tree.supervisor("elsewhere").unwrap().child("c").unwrap(), "hut").await;
    lives_on(tree.supervisor("outside").unwrap().child("d").unwrap(), &runtime).await;
    lives_on(tree.cooperation("group").unwrap().member("e").unwrap(), "house").await;
    tree.stop().await;
}

/// R89
#[tokio::test]
async fn a_child_that_is_started_again_stays_in_its_locality() {
    let node = Node::builder().start().await.unwrap();
    let tree = Supervisor::builder(Strategy::OneForAll)
        .locality(&Locality::thread("house").unwrap())
        .child(Child::new("a", Tenant::spawn_create()))
        .child(Child::new("b", Tenant::spawn_create()))
        .start(&node)
        .await
        .unwrap();
    let [a, b] = ["a", "b"].map(|name| tree.child::<Tenant>(name).unwrap());
    a.gives_up().await.unwrap();
    for tenant in [a, b] {
        lives_on(tenant, "house").await;
    }
    assert_eq!(tree.children().await[0].restarts, 1);
    tree.stop().await;
}

/// R90
#[tokio::test(start_paused = true)]
async fn a_start_in_a_locality_that_nobody_drives_is_given_up() {
    let node = Node::builder().start().await.unwrap();
    let idle = Builder::new_current_thread().build().unwrap();
    let began = Instant::now();
    let builder = Supervisor::builder(Strategy::OneForOne).locality(&Locality::on(idle.handle()));
    let error = builder.child(Child::new("a", Tenant::spawn_create())).start(&node).await.unwrap_err();
    assert_eq!(error.child(), "a");
    let group = Cooperation::builder("group").locality(&Locality::on(idle.handle()));
    let tenant = || Tenant { made: String::new(), started: String::new() };
    group.member_with("a", move |_| Ok::<_, String>(tenant())).start(&node).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(60));
    idle.shutdown_background();
}
