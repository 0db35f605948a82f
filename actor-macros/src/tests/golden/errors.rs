impl Greeter {
    fn borrowed(&self, ctx: &Context<Self>, name: &str) {}
    fn sound(&self) {}
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
/// The distributed methods of `Greeter`, as its references offer them.
pub struct GreeterMethods(::distributed_actor::__macro::Target<Greeter>);
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
    impl ::distributed_actor::__macro::Callable for Greeter {
        type System = ::distributed_actor::__macro::DefaultSystem;
        type Methods = GreeterMethods;
    }
    #[automatically_derived]
    impl ::distributed_actor::__macro::Proxy<Greeter> for GreeterMethods {
        fn new(target: ::distributed_actor::__macro::Target<Greeter>) -> Self {
            Self(target)
        }
        fn target(&self) -> &::distributed_actor::__macro::Target<Greeter> {
            &self.0
        }
    }
    impl GreeterMethods {
        fn sound(&self) -> ::distributed_actor::__macro::Call<'_, __sound, Greeter> {
            self.0.call::<__sound>(())
        }
    }
    #[doc(hidden)]
    enum __sound {}
    static __sound_info: ::distributed_actor::__macro::MethodInfo = ::distributed_actor::__macro::MethodInfo::new(::distributed_actor::__macro::MethodParts {
        name: ::core::concat!(::core::module_path!(), "::Greeter::sound"),
        module: ::core::module_path!(),
        actor: "Greeter",
        method: "sound",
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
        ::distributed_actor::__macro::Registered(& __sound_info)
    }
    const __sound_is_result: ::core::primitive::bool = {
        const __IS_RESULT: ::core::primitive::bool = {
            use ::distributed_actor::__macro::NotResult as _;
            <::distributed_actor::__macro::Probe<()>>::IS_RESULT
        };
        fn sound<__T: ::core::marker::Send + 'static>()
        where
            ::distributed_actor::__macro::RequirementIn<
                ::distributed_actor::__macro::DefaultSystem,
            >: ::distributed_actor::__macro::Codec<__T>,
        {}
        let _ = sound::<
            <::distributed_actor::__macro::As<
                (),
                __IS_RESULT,
            > as ::distributed_actor::__macro::Carried>::Value,
        >;
        let _ = sound::<
            <::distributed_actor::__macro::As<
                (),
                __IS_RESULT,
            > as ::distributed_actor::__macro::Carried>::Error,
        >;
        __IS_RESULT
    };
    #[automatically_derived]
    impl ::distributed_actor::__macro::Method<Greeter> for __sound {
        type Args = ::distributed_actor::__macro::Checked<(), { __sound_is_result }>;
        type Reply = ::distributed_actor::__macro::As<(), { __sound_is_result }>;
        const INFO: &'static ::distributed_actor::__macro::MethodInfo = &__sound_info;
        fn invoke<'__call>(
            __actor: &'__call mut Greeter,
            __context: &'__call ::distributed_actor::__macro::Context<Greeter>,
            __arguments: Self::Args,
        ) -> impl ::core::future::Future<
            Output = ::distributed_actor::__macro::Returned<Self, Greeter>,
        > + ::core::marker::Send + '__call {
            let () = __arguments;
            ::core::future::ready(
                <Self::Reply as ::distributed_actor::__macro::Reply<
                    ::distributed_actor::__macro::RequirementOf<Greeter>,
                >>::split(<Greeter>::sound(__actor)),
            )
        }
    }
    #[automatically_derived]
    impl ::distributed_actor::__macro::DistributedActor for Greeter {
        const METHODS: &'static [::distributed_actor::__macro::Entry<Self>] = &[
            ::distributed_actor::__macro::Entry::of::<__sound>(),
        ];
    }
};
::core::compile_error! {
    "unknown option `nickname`: `#[distributed_actor]` takes `system = Type`, `name = \"..\"`, `reentrant` and `crate = path`"
}
::core::compile_error! {
    "a parameter is sent to the actor, so it cannot be borrowed: write `String`"
}
