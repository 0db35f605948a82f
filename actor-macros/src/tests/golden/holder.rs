impl<T: Send + 'static> Holder<T>
where
    ::distributed_actor::__macro::RequirementOf<Self>: HolderCodec<T>,
{
    async fn warm_up(&mut self, ctx: &Context<Self>) -> Result<(), WarmUpError> {
        panic!()
    }
    fn flush(&mut self, reason: &ExitReason) {
        panic!()
    }
    async fn peer_gone(&mut self, who: ActorId, ctx: &Context<Self>, how: Terminated) {
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
/// The distributed methods of `Holder`, as its references offer them.
pub struct HolderMethods<T: Send + 'static>(
    ::distributed_actor::__macro::Target<Holder<T>>,
);
/// What the serialization requirement of a system has to meet for `Holder` to run on it.
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
pub trait HolderCodec<T: Send + 'static> {}
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
impl<T: Send + 'static, __Requirement> HolderCodec<T> for __Requirement {}
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
    impl<T: Send + 'static> ::distributed_actor::__macro::Callable for Holder<T> {
        type System = ::distributed_actor::__macro::DefaultSystem;
        type Methods = HolderMethods<T>;
    }
    #[automatically_derived]
    impl<T: Send + 'static> ::distributed_actor::__macro::Proxy<Holder<T>>
    for HolderMethods<T> {
        fn new(target: ::distributed_actor::__macro::Target<Holder<T>>) -> Self {
            Self(target)
        }
        fn target(&self) -> &::distributed_actor::__macro::Target<Holder<T>> {
            &self.0
        }
    }
    impl<T: Send + 'static> HolderMethods<T>
    where
        ::distributed_actor::__macro::RequirementOf<Holder<T>>: HolderCodec<T>,
    {}
    #[automatically_derived]
    impl<T: Send + 'static> ::distributed_actor::__macro::DistributedActor for Holder<T>
    where
        ::distributed_actor::__macro::RequirementOf<Holder<T>>: HolderCodec<T>,
    {
        const METHODS: &'static [::distributed_actor::__macro::Entry<Self>] = &[];
        const HAS_ON_START: ::core::primitive::bool = true;
        fn __on_start<'__call>(
            &'__call mut self,
            __context: &'__call ::distributed_actor::__macro::Context<Self>,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<(), ::distributed_actor::__macro::ExitReason>,
        > + ::core::marker::Send + '__call {
            async move {
                ::distributed_actor::__macro::StartOutcome::outcome(
                    <Holder<
                        T,
                    >>::warm_up(
                            self,
                            <Context<
                                Holder<T>,
                            > as ::distributed_actor::__macro::ContextParameter<
                                Holder<T>,
                            >>::of(__context),
                        )
                        .await,
                )
            }
        }
        const HAS_ON_STOP: ::core::primitive::bool = true;
        fn __on_stop<'__call>(
            &'__call mut self,
            __context: &'__call ::distributed_actor::__macro::Context<Self>,
            __reason: &'__call ::distributed_actor::__macro::ExitReason,
        ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send + '__call {
            async move { <Holder<T>>::flush(self, __reason) }
        }
        fn __on_terminated<'__call>(
            &'__call mut self,
            __context: &'__call ::distributed_actor::__macro::Context<Self>,
            __who: ::distributed_actor::__macro::IdOf<Self>,
            __how: ::distributed_actor::__macro::Terminated,
        ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send + '__call {
            async move {
                <Holder<
                    T,
                >>::peer_gone(
                        self,
                        __who,
                        <Context<
                            Holder<T>,
                        > as ::distributed_actor::__macro::ContextParameter<
                            Holder<T>,
                        >>::of(__context),
                        __how,
                    )
                    .await
            }
        }
    }
    #[automatically_derived]
    impl<T: Send + 'static> ::distributed_actor::__macro::HearsOfEnds for Holder<T>
    where
        ::distributed_actor::__macro::RequirementOf<Holder<T>>: HolderCodec<T>,
    {}
};
