impl Worker {
    /// Works under this name.
    pub fn create(name: String, peers: Vec<ActorRef<Self>>) -> Self {
        panic!()
    }
    #[cfg(feature = "files")]
    async fn load(ctx: &Context<Self>, file: u64) -> Loaded<Self> {
        panic!()
    }
    fn work(&self) {}
}
#[allow(
    deprecated,
    missing_docs,
    missing_debug_implementations,
    nonstandard_style,
    unreachable_pub,
    unused,
    unused_qualifications,
    private_bounds,
    private_interfaces,
    unnameable_types,
    single_use_lifetimes,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
/// The distributed methods of `Worker`, as its references offer them.
pub struct WorkerMethods(::distributed_actor::__macro::Target<Worker>);
#[allow(
    deprecated,
    missing_docs,
    missing_debug_implementations,
    nonstandard_style,
    unreachable_pub,
    unused,
    unused_qualifications,
    private_bounds,
    private_interfaces,
    unnameable_types,
    single_use_lifetimes,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
const _: () = {
    #[automatically_derived]
    impl ::distributed_actor::__macro::Callable for Worker {
        type System = ::distributed_actor::__macro::DefaultSystem;
        type Methods = WorkerMethods;
    }
    #[automatically_derived]
    impl ::distributed_actor::__macro::Proxy<Worker> for WorkerMethods {
        fn new(target: ::distributed_actor::__macro::Target<Worker>) -> Self {
            Self(target)
        }
        fn target(&self) -> &::distributed_actor::__macro::Target<Worker> {
            &self.0
        }
    }
    impl WorkerMethods {
        fn work(&self) -> ::distributed_actor::__macro::Call<'_, __work, Worker> {
            self.0.call::<__work>(())
        }
    }
    #[doc(hidden)]
    enum __work {}
    static __work_info: ::distributed_actor::__macro::MethodInfo = ::distributed_actor::__macro::MethodInfo::new(::distributed_actor::__macro::MethodParts {
        name: ::core::concat!(::core::module_path!(), "::Worker::work"),
        module: ::core::module_path!(),
        actor: "Worker",
        method: "work",
        parameters: &[],
        result: "()",
        error: ::core::option::Option::None,
        docs: "",
        signature: "() -> ()",
        is_async: false,
        uses_context: false,
        completes: false,
        is_urgent: false,
        constructs: false,
        position: 0usize,
    });
    ::distributed_actor::__macro::inventory::submit! {
        ::distributed_actor::__macro::Registered(& __work_info)
    }
    const __work_is_result: ::core::primitive::bool = {
        const __IS_RESULT: ::core::primitive::bool = {
            use ::distributed_actor::__macro::NotResult as _;
            <::distributed_actor::__macro::Probe<()>>::IS_RESULT
        };
        fn work<__T: ::core::marker::Send + 'static>()
        where
            ::distributed_actor::__macro::RequirementIn<
                ::distributed_actor::__macro::DefaultSystem,
            >: ::distributed_actor::__macro::Codec<__T>,
        {}
        let _ = work::<
            <::distributed_actor::__macro::As<
                (),
                __IS_RESULT,
            > as ::distributed_actor::__macro::Carried>::Value,
        >;
        let _ = work::<
            <::distributed_actor::__macro::As<
                (),
                __IS_RESULT,
            > as ::distributed_actor::__macro::Carried>::Error,
        >;
        __IS_RESULT
    };
    #[automatically_derived]
    impl ::distributed_actor::__macro::Method<Worker> for __work {
        type Args = ::distributed_actor::__macro::Checked<(), { __work_is_result }>;
        type Reply = ::distributed_actor::__macro::As<(), { __work_is_result }>;
        const INFO: &'static ::distributed_actor::__macro::MethodInfo = &__work_info;
        fn invoke<'__call>(
            __actor: &'__call mut Worker,
            __context: &'__call ::distributed_actor::__macro::Context<Worker>,
            __arguments: Self::Args,
        ) -> impl ::core::future::Future<
            Output = ::distributed_actor::__macro::Returned<Self, Worker>,
        > + ::core::marker::Send + '__call {
            let () = __arguments;
            ::core::future::ready(
                <Self::Reply as ::distributed_actor::__macro::Reply<
                    ::distributed_actor::__macro::RequirementOf<Worker>,
                >>::split(<Worker>::work(__actor)),
            )
        }
    }
    #[automatically_derived]
    impl ::distributed_actor::__macro::DistributedActor for Worker {
        const METHODS: &'static [::distributed_actor::__macro::Entry<Self>] = &[
            ::distributed_actor::__macro::Entry::of::<__work>(),
        ];
    }
    #[doc(hidden)]
    pub enum __create {}
    static __create_info: ::distributed_actor::__macro::MethodInfo = ::distributed_actor::__macro::MethodInfo::new(::distributed_actor::__macro::MethodParts {
        name: ::core::concat!(::core::module_path!(), "::Worker::create"),
        module: ::core::module_path!(),
        actor: "Worker",
        method: "create",
        parameters: &[
            ::distributed_actor::__macro::Parameter {
                name: "name",
                ty: "String",
            },
            ::distributed_actor::__macro::Parameter {
                name: "peers",
                ty: "Vec<ActorRef<Self>>",
            },
        ],
        result: "Self",
        error: ::core::option::Option::None,
        docs: "Works under this name.",
        signature: "(String, Vec<ActorRef<Self>>) -> Self",
        is_async: false,
        uses_context: false,
        completes: false,
        is_urgent: false,
        constructs: true,
        position: 0,
    });
    ::distributed_actor::__macro::inventory::submit! {
        ::distributed_actor::__macro::Registered(& __create_info)
    }
    const __create_is_result: ::core::primitive::bool = {
        const __IS_RESULT: ::core::primitive::bool = {
            use ::distributed_actor::__macro::NotResult as _;
            <::distributed_actor::__macro::Probe<Worker>>::IS_RESULT
        };
        fn create<__T: ::core::marker::Send + 'static>()
        where
            ::distributed_actor::__macro::RequirementIn<
                ::distributed_actor::__macro::DefaultSystem,
            >: ::distributed_actor::__macro::Codec<__T>,
        {}
        let _ = create::<String>;
        let _ = create::<Vec<ActorRef<Worker>>>;
        let _ = create::<
            <::distributed_actor::__macro::As<
                Worker,
                __IS_RESULT,
            > as ::distributed_actor::__macro::Constructed<Worker>>::Sent,
        >;
        __IS_RESULT
    };
    #[automatically_derived]
    impl ::distributed_actor::__macro::Constructor<Worker> for __create {
        type Args = ::distributed_actor::__macro::Checked<
            (String, Vec<ActorRef<Worker>>),
            { __create_is_result },
        >;
        type Error = <::distributed_actor::__macro::As<
            Worker,
            { __create_is_result },
        > as ::distributed_actor::__macro::Constructed<Worker>>::Error;
        type Answer = <::distributed_actor::__macro::As<
            Worker,
            { __create_is_result },
        > as ::distributed_actor::__macro::Constructed<Worker>>::Answer;
        const INFO: &'static ::distributed_actor::__macro::MethodInfo = &__create_info;
        fn construct<'__call>(
            __context: &'__call ::distributed_actor::__macro::Context<Worker>,
            __arguments: Self::Args,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Worker, Self::Error>,
        > + ::core::marker::Send + '__call {
            let (__argument0, __argument1) = __arguments;
            ::core::future::ready(
                <::distributed_actor::__macro::As<
                    Worker,
                    { __create_is_result },
                > as ::distributed_actor::__macro::Constructed<
                    Worker,
                >>::split(<Worker>::create(__argument0, __argument1)),
            )
        }
    }
    static __create_entry: ::distributed_actor::__macro::ConstructorEntry<
        <Worker as ::distributed_actor::__macro::Callable>::System,
    > = ::distributed_actor::__macro::ConstructorEntry::of::<Worker, __create>();
    ::distributed_actor::__macro::inventory::submit! {
        ::distributed_actor::__macro::RegisteredConstructor(& __create_entry)
    }
    impl Worker {
        /// Works under this name.
        pub fn spawn_create(
            name: String,
            peers: Vec<ActorRef<Worker>>,
        ) -> ::distributed_actor::__macro::Spawn<
            Worker,
            <__create as ::distributed_actor::__macro::Constructor<Worker>>::Error,
        > {
            ::distributed_actor::__macro::Spawn::of::<__create>((name, peers))
        }
    }
    #[doc(hidden)]
    #[cfg(feature = "files")]
    enum __load {}
    #[cfg(feature = "files")]
    static __load_info: ::distributed_actor::__macro::MethodInfo = ::distributed_actor::__macro::MethodInfo::new(::distributed_actor::__macro::MethodParts {
        name: "worker from a file",
        module: ::core::module_path!(),
        actor: "Worker",
        method: "load",
        parameters: &[
            ::distributed_actor::__macro::Parameter {
                name: "file",
                ty: "u64",
            },
        ],
        result: "Loaded<Self>",
        error: ::core::option::Option::None,
        docs: "",
        signature: "(u64) -> Loaded<Self>",
        is_async: true,
        uses_context: true,
        completes: false,
        is_urgent: false,
        constructs: true,
        position: 0,
    });
    #[cfg(feature = "files")]
    ::distributed_actor::__macro::inventory::submit! {
        ::distributed_actor::__macro::Registered(& __load_info)
    }
    #[cfg(feature = "files")]
    const __load_is_result: ::core::primitive::bool = {
        const __IS_RESULT: ::core::primitive::bool = {
            use ::distributed_actor::__macro::NotResult as _;
            <::distributed_actor::__macro::Probe<Loaded<Worker>>>::IS_RESULT
        };
        fn load<__T: ::core::marker::Send + 'static>()
        where
            ::distributed_actor::__macro::RequirementIn<
                ::distributed_actor::__macro::DefaultSystem,
            >: ::distributed_actor::__macro::Codec<__T>,
        {}
        let _ = load::<u64>;
        let _ = load::<
            <::distributed_actor::__macro::As<
                Loaded<Worker>,
                __IS_RESULT,
            > as ::distributed_actor::__macro::Constructed<Worker>>::Sent,
        >;
        __IS_RESULT
    };
    #[automatically_derived]
    #[cfg(feature = "files")]
    impl ::distributed_actor::__macro::Constructor<Worker> for __load {
        type Args = ::distributed_actor::__macro::Checked<(u64,), { __load_is_result }>;
        type Error = <::distributed_actor::__macro::As<
            Loaded<Worker>,
            { __load_is_result },
        > as ::distributed_actor::__macro::Constructed<Worker>>::Error;
        type Answer = <::distributed_actor::__macro::As<
            Loaded<Worker>,
            { __load_is_result },
        > as ::distributed_actor::__macro::Constructed<Worker>>::Answer;
        const INFO: &'static ::distributed_actor::__macro::MethodInfo = &__load_info;
        fn construct<'__call>(
            __context: &'__call ::distributed_actor::__macro::Context<Worker>,
            __arguments: Self::Args,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Worker, Self::Error>,
        > + ::core::marker::Send + '__call {
            let (__argument0,) = __arguments;
            async move {
                <::distributed_actor::__macro::As<
                    Loaded<Worker>,
                    { __load_is_result },
                > as ::distributed_actor::__macro::Constructed<
                    Worker,
                >>::split(
                    <Worker>::load(
                            <Context<
                                Worker,
                            > as ::distributed_actor::__macro::ContextParameter<
                                Worker,
                            >>::of(__context),
                            __argument0,
                        )
                        .await,
                )
            }
        }
    }
    #[cfg(feature = "files")]
    static __load_entry: ::distributed_actor::__macro::ConstructorEntry<
        <Worker as ::distributed_actor::__macro::Callable>::System,
    > = ::distributed_actor::__macro::ConstructorEntry::of::<Worker, __load>();
    #[cfg(feature = "files")]
    ::distributed_actor::__macro::inventory::submit! {
        ::distributed_actor::__macro::RegisteredConstructor(& __load_entry)
    }
    #[cfg(feature = "files")]
    impl Worker {
        fn spawn_load(
            file: u64,
        ) -> ::distributed_actor::__macro::Spawn<
            Worker,
            <__load as ::distributed_actor::__macro::Constructor<Worker>>::Error,
        > {
            ::distributed_actor::__macro::Spawn::of::<__load>((file,))
        }
    }
};
