impl<S: ActorSystem> Elector<S>
where
    ::distributed_actor::__macro::RequirementOf<Self>: ElectorCodec<S>,
{
    async fn elect(&mut self, candidate: u64) -> bool {
        true
    }
    fn meet(
        &mut self,
        peers: Vec<ActorRef<Self>>,
    ) -> Result<ActorRef<Elector<S>>, String> {
        panic!()
    }
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
/// The distributed methods of `Elector`, as its references offer them.
pub struct ElectorMethods<S: ActorSystem>(
    ::distributed_actor::__macro::Target<Elector<S>>,
);
/// What the serialization requirement of a system has to meet for `Elector` to run on it.
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
pub trait ElectorCodec<
    S: ActorSystem,
>: ::distributed_actor::__macro::Codec<
        u64,
    > + ::distributed_actor::__macro::CodecOf<
        ::distributed_actor::__macro::As<
            bool,
            {
                use ::distributed_actor::__macro::NotResult as _;
                <::distributed_actor::__macro::Probe<bool>>::IS_RESULT
            },
        >,
    > + ::distributed_actor::__macro::Codec<
        Vec<ActorRef<Elector<S>>>,
    > + ::distributed_actor::__macro::Codec<
        ActorRef<Elector<S>>,
    > + ::distributed_actor::__macro::Codec<String> {}
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
#[automatically_derived]
impl<S: ActorSystem, __Requirement> ElectorCodec<S> for __Requirement
where
    __Requirement: ::distributed_actor::__macro::Codec<u64>
        + ::distributed_actor::__macro::CodecOf<
            ::distributed_actor::__macro::As<
                bool,
                {
                    use ::distributed_actor::__macro::NotResult as _;
                    <::distributed_actor::__macro::Probe<bool>>::IS_RESULT
                },
            >,
        > + ::distributed_actor::__macro::Codec<Vec<ActorRef<Elector<S>>>>
        + ::distributed_actor::__macro::Codec<ActorRef<Elector<S>>>
        + ::distributed_actor::__macro::Codec<String>,
{}
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
    impl<S: ActorSystem> ::distributed_actor::__macro::Callable for Elector<S> {
        type System = S;
        type Methods = ElectorMethods<S>;
    }
    #[automatically_derived]
    impl<S: ActorSystem> ::distributed_actor::__macro::Proxy<Elector<S>>
    for ElectorMethods<S> {
        fn new(target: ::distributed_actor::__macro::Target<Elector<S>>) -> Self {
            Self(target)
        }
        fn target(&self) -> &::distributed_actor::__macro::Target<Elector<S>> {
            &self.0
        }
    }
    impl<S: ActorSystem> ElectorMethods<S>
    where
        ::distributed_actor::__macro::RequirementOf<Elector<S>>: ElectorCodec<S>,
    {
        fn elect(
            &self,
            candidate: u64,
        ) -> ::distributed_actor::__macro::Call<'_, __elect, Elector<S>> {
            self.0.call::<__elect>((candidate,))
        }
        fn meet(
            &self,
            peers: Vec<ActorRef<Elector<S>>>,
        ) -> ::distributed_actor::__macro::Call<'_, __meet, Elector<S>> {
            self.0.call::<__meet>((peers,))
        }
    }
    #[doc(hidden)]
    enum __elect {}
    static __elect_info: ::distributed_actor::__macro::MethodInfo = ::distributed_actor::__macro::MethodInfo::new(::distributed_actor::__macro::MethodParts {
        name: ::core::concat!(::core::module_path!(), "::Elector::elect"),
        module: ::core::module_path!(),
        actor: "Elector",
        method: "elect",
        parameters: &[
            ::distributed_actor::__macro::Parameter {
                name: "candidate",
                ty: "u64",
            },
        ],
        result: "bool",
        error: ::core::option::Option::None,
        docs: "",
        signature: "(u64) -> bool",
        is_async: true,
        uses_context: false,
        completes: false,
        is_urgent: false,
        constructs: false,
        position: 0usize,
    });
    ::distributed_actor::__macro::inventory::submit! {
        ::distributed_actor::__macro::Registered(& __elect_info)
    }
    const __elect_is_result: ::core::primitive::bool = {
        use ::distributed_actor::__macro::NotResult as _;
        <::distributed_actor::__macro::Probe<bool>>::IS_RESULT
    };
    #[automatically_derived]
    impl<S: ActorSystem> ::distributed_actor::__macro::Method<Elector<S>> for __elect
    where
        ::distributed_actor::__macro::RequirementOf<Elector<S>>: ElectorCodec<S>,
    {
        type Args = ::distributed_actor::__macro::Checked<(u64,), { __elect_is_result }>;
        type Reply = ::distributed_actor::__macro::As<bool, { __elect_is_result }>;
        const INFO: &'static ::distributed_actor::__macro::MethodInfo = &__elect_info;
        fn invoke<'__call>(
            __actor: &'__call mut Elector<S>,
            __context: &'__call ::distributed_actor::__macro::Context<Elector<S>>,
            __arguments: Self::Args,
        ) -> impl ::core::future::Future<
            Output = ::distributed_actor::__macro::Returned<Self, Elector<S>>,
        > + ::core::marker::Send + '__call {
            let (__argument0,) = __arguments;
            async move {
                <Self::Reply as ::distributed_actor::__macro::Reply<
                    ::distributed_actor::__macro::RequirementOf<Elector<S>>,
                >>::split(<Elector<S>>::elect(__actor, __argument0).await)
            }
        }
    }
    #[doc(hidden)]
    enum __meet {}
    static __meet_info: ::distributed_actor::__macro::MethodInfo = ::distributed_actor::__macro::MethodInfo::new(::distributed_actor::__macro::MethodParts {
        name: ::core::concat!(::core::module_path!(), "::Elector::meet"),
        module: ::core::module_path!(),
        actor: "Elector",
        method: "meet",
        parameters: &[
            ::distributed_actor::__macro::Parameter {
                name: "peers",
                ty: "Vec<ActorRef<Self>>",
            },
        ],
        result: "Result<ActorRef<Elector<S>>, String>",
        error: ::core::option::Option::Some("String"),
        docs: "",
        signature: "(Vec<ActorRef<Self>>) -> Result<ActorRef<Elector<S>>, String>",
        is_async: false,
        uses_context: false,
        completes: false,
        is_urgent: false,
        constructs: false,
        position: 1usize,
    });
    ::distributed_actor::__macro::inventory::submit! {
        ::distributed_actor::__macro::Registered(& __meet_info)
    }
    const __meet_is_result: ::core::primitive::bool = true;
    #[automatically_derived]
    impl<S: ActorSystem> ::distributed_actor::__macro::Method<Elector<S>> for __meet
    where
        ::distributed_actor::__macro::RequirementOf<Elector<S>>: ElectorCodec<S>,
    {
        type Args = ::distributed_actor::__macro::Checked<
            (Vec<ActorRef<Elector<S>>>,),
            { __meet_is_result },
        >;
        type Reply = ::distributed_actor::__macro::As<
            Result<ActorRef<Elector<S>>, String>,
            { __meet_is_result },
        >;
        const INFO: &'static ::distributed_actor::__macro::MethodInfo = &__meet_info;
        fn invoke<'__call>(
            __actor: &'__call mut Elector<S>,
            __context: &'__call ::distributed_actor::__macro::Context<Elector<S>>,
            __arguments: Self::Args,
        ) -> impl ::core::future::Future<
            Output = ::distributed_actor::__macro::Returned<Self, Elector<S>>,
        > + ::core::marker::Send + '__call {
            let (__argument0,) = __arguments;
            ::core::future::ready(
                <Self::Reply as ::distributed_actor::__macro::Reply<
                    ::distributed_actor::__macro::RequirementOf<Elector<S>>,
                >>::split(<Elector<S>>::meet(__actor, __argument0)),
            )
        }
    }
    #[automatically_derived]
    impl<S: ActorSystem> ::distributed_actor::__macro::DistributedActor for Elector<S>
    where
        ::distributed_actor::__macro::RequirementOf<Elector<S>>: ElectorCodec<S>,
    {
        const METHODS: &'static [::distributed_actor::__macro::Entry<Self>] = &[
            ::distributed_actor::__macro::Entry::of::<__elect>(),
            ::distributed_actor::__macro::Entry::of::<__meet>(),
        ];
    }
    const __hashes: &[::core::primitive::u64] = &[
        __elect_info.hash(),
        __meet_info.hash(),
    ];
    const _: () = ::distributed_actor::__macro::assert_new_name(
        __hashes,
        __meet_info.position(),
    );
};
