//! Who is told what becomes of a group.

use super::*;

/// R80, coop_notify_1, coop_notify_2
#[tokio::test(start_paused = true)]
async fn all_listeners_hear_of_the_beginning_and_then_of_the_end_and_why() {
    let test = Test::new().await;
    let slow = Log::default();
    let noted = slow.clone();
    let builder = Cooperation::builder("short")
        .member_with("member", test.make("member", Begin::Stops))
        .listener(test.log.listens())
        .listener(move |notice: Notice| {
            let noted = noted.clone();
            async move {
                noted.note(format!("{:?} begins", notice.kind == NoticeKind::Registered));
                sleep(Duration::from_secs(1)).await;
                noted.note(format!("{:?} ends", notice.kind == NoticeKind::Registered));
            }
        })
        .listener(|_| async { panic!("one that panics harms nobody") });
    let group = builder.start(&test.node).await.unwrap();
    let reason = group.ended().await;
    assert!(reason.is_normal(), "{reason}");
    let end = format!("deregistered short ({reason})");
    assert_eq!(test.settled().await, ["member starts", "registered short", "member stops", &end]);
    sleep(Duration::from_secs(3)).await;
    assert_eq!(slow.taken(), ["true begins", "true ends", "false begins", "false ends"]);
}

/// R80, coop_notify_3, reg_some_and_stop_1
#[tokio::test(start_paused = true)]
async fn a_listener_can_be_an_actor_that_ends_one_group_and_starts_the_next() {
    struct Driver {
        log: Log,
        node: Node,
    }

    #[distributed_actor]
    impl Driver {
        #[distributed]
        async fn told(&mut self, #[ctx] ctx: &Context<Self>, name: u32, is_registered: bool) {
            self.log.note(format!("{name} {is_registered}"));
            if is_registered {
                return;
            }
            if name < 5 {
                let me = ctx.actor_ref();
                let group = next(&self.node, me, name + 1).await;
                drop(group.stop().await);
            }
        }
    }

    async fn next(node: &Node, driver: ActorRef<Driver>, name: u32) -> Cooperation<Node> {
        let log = Log::default();
        let told = move |notice: Notice| {
            let (driver, is_registered) = (driver.clone(), notice.kind == NoticeKind::Registered);
            async move { driver.told(name, is_registered).cast().await.unwrap() }
        };
        let make = move |_: &Members<Node>| {
            let (name, log) = (String::new(), log.clone());
            Ok::<_, String>(Member { name, log, begin: Begin::AtOnce, before: None, _resource: None })
        };
        let builder = Cooperation::builder(name.to_string()).member_with("member", make).listener(told);
        builder.start(node).await.unwrap()
    }

    let test = Test::new().await;
    let driver = test.node.spawn(Driver { log: test.log.clone(), node: test.node.clone() });
    next(&test.node, driver, 1).await.stop().await;
    let expected: Vec<_> = (1..=5).flat_map(|name| [format!("{name} true"), format!("{name} false")]).collect();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(test.settled().await, expected);
}

/// Notices travel.
#[tokio::test(start_paused = true)]
async fn a_listener_can_be_an_actor_on_another_node() {
    struct Listener(Log);

    #[distributed_actor]
    impl Listener {
        #[distributed]
        fn told(&mut self, notice: Notice) {
            self.0.note(format!("{notice:?}"));
        }
    }

    let network = Network::seeded(80);
    let [node, other] = network.nodes().await;
    let test = Test { node, log: Log::default() };
    let (heard, expected) = (Log::default(), Log::default());
    let listener = other.spawn(Listener(heard.clone()));
    let also = expected.clone();
    test.node.introduce(other.id(), other.addresses());
    let log = test.node.resolve::<Listener>(listener.id()).unwrap();
    assert!(!log.is_local());
    let group = Cooperation::builder("group")
        .member_with("member", test.make("member", Begin::AtOnce))
        .listener(move |notice| {
            let log = log.clone();
            async move { drop(log.told(notice).cast().await) }
        })
        .listener(move |notice| {
            also.note(format!("{notice:?}"));
            std::future::ready(())
        })
        .start(&test.node)
        .await
        .unwrap();
    group.stop().await;
    sleep(Duration::from_secs(1)).await;
    let heard = heard.taken();
    assert_eq!((heard.len(), &heard), (2, &expected.taken()));
}

/// R80
#[tokio::test(start_paused = true)]
async fn a_listener_that_is_stuck_misses_the_oldest_notices() {
    let test = Test::new().await;
    let (heard, go) = (Log::default(), Arc::new(tokio::sync::Semaphore::new(0)));
    let (noted, gate) = (heard.clone(), go.clone());
    let builder = Cooperation::builder("group").listener(move |notice: Notice| {
        let (noted, gate) = (noted.clone(), gate.clone());
        async move {
            drop(gate.acquire().await);
            noted.note(format!("{}", notice.kind == NoticeKind::Registered));
        }
    });
    for _ in 0..600 {
        builder.clone().start(&test.node).await.unwrap().stop().await;
    }
    go.add_permits(1);
    sleep(Duration::from_secs(1)).await;
    let heard = heard.taken();
    // The first, which it was told already, and the last 1,024.
    assert_eq!(heard.len(), 1 + 1024);
    assert_eq!(heard[1..], [["true", "false"]; 512].concat());
}
