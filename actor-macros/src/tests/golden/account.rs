#[allow(clippy::unused_async)]
impl shop::Account {
    #[cfg(feature = "cash")]
    pub async fn withdraw(&mut self, ctx: &Context<Self>, cents: u64) -> Answer<u64> {
        Ok(cents)
    }
    #[deprecated = "ask for the balance"]
    /// The account,
    /// as it is.
    #[inline]
    pub(crate) async fn r#move(
        &self,
        (a, _): (ActorRef<Self>, u8),
        mut arg0: u8,
        _: [u8; Self::N],
    ) {}
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
/// The distributed methods of `Account`, as its references offer them.
pub struct AccountMethods(actors::__macro::Target<shop::Account>);
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
    impl actors::__macro::Callable for shop::Account {
        type System = MySystem;
        type Methods = AccountMethods;
    }
    #[automatically_derived]
    impl actors::__macro::Proxy<shop::Account> for AccountMethods {
        fn new(target: actors::__macro::Target<shop::Account>) -> Self {
            Self(target)
        }
        fn target(&self) -> &actors::__macro::Target<shop::Account> {
            &self.0
        }
    }
    impl AccountMethods {
        #[cfg(feature = "cash")]
        pub fn withdraw(
            &self,
            cents: u64,
        ) -> actors::__macro::Call<'_, __withdraw, shop::Account> {
            self.0.call::<__withdraw>((cents,))
        }
        #[deprecated = "ask for the balance"]
        /// The account,
        /// as it is.
        pub(crate) fn r#move(
            &self,
            arg0_: (ActorRef<shop::Account>, u8),
            arg0: u8,
            arg2: [u8; <shop::Account>::N],
        ) -> actors::__macro::Call<'_, __move, shop::Account> {
            self.0.call::<__move>((arg0_, arg0, arg2))
        }
    }
    #[doc(hidden)]
    #[cfg(feature = "cash")]
    pub enum __withdraw {}
    #[cfg(feature = "cash")]
    static __withdraw_info: actors::__macro::MethodInfo = actors::__macro::MethodInfo::new(actors::__macro::MethodParts {
        name: "account/withdraw",
        module: ::core::module_path!(),
        actor: "Account",
        method: "withdraw",
        parameters: &[
            actors::__macro::Parameter {
                name: "cents",
                ty: "u64",
            },
        ],
        result: "Answer<u64>",
        error: ::core::option::Option::None,
        docs: "",
        signature: "(u64) -> Answer<u64>",
        is_async: true,
        uses_context: true,
        completes: true,
        is_urgent: false,
        constructs: false,
        position: 0usize,
    });
    #[cfg(feature = "cash")]
    actors::__macro::inventory::submit! {
        actors::__macro::Registered(& __withdraw_info)
    }
    #[cfg(feature = "cash")]
    const __withdraw_is_result: ::core::primitive::bool = {
        const __IS_RESULT: ::core::primitive::bool = {
            use actors::__macro::NotResult as _;
            <actors::__macro::Probe<Answer<u64>>>::IS_RESULT
        };
        fn withdraw<__T: ::core::marker::Send + 'static>()
        where
            actors::__macro::RequirementIn<MySystem>: actors::__macro::Codec<__T>,
        {}
        let _ = withdraw::<u64>;
        let _ = withdraw::<
            <actors::__macro::As<
                Answer<u64>,
                __IS_RESULT,
            > as actors::__macro::Carried>::Value,
        >;
        let _ = withdraw::<
            <actors::__macro::As<
                Answer<u64>,
                __IS_RESULT,
            > as actors::__macro::Carried>::Error,
        >;
        __IS_RESULT
    };
    #[automatically_derived]
    #[cfg(feature = "cash")]
    impl actors::__macro::Method<shop::Account> for __withdraw {
        type Args = actors::__macro::Checked<(u64,), { __withdraw_is_result }>;
        type Reply = actors::__macro::As<Answer<u64>, { __withdraw_is_result }>;
        const INFO: &'static actors::__macro::MethodInfo = &__withdraw_info;
        fn invoke<'__call>(
            __actor: &'__call mut shop::Account,
            __context: &'__call actors::__macro::Context<shop::Account>,
            __arguments: Self::Args,
        ) -> impl ::core::future::Future<
            Output = actors::__macro::Returned<Self, shop::Account>,
        > + ::core::marker::Send + '__call {
            let (__argument0,) = __arguments;
            async move {
                <Self::Reply as actors::__macro::Reply<
                    actors::__macro::RequirementOf<shop::Account>,
                >>::split(
                    <shop::Account>::withdraw(
                            __actor,
                            <Context<
                                shop::Account,
                            > as actors::__macro::ContextParameter<
                                shop::Account,
                            >>::of(__context),
                            __argument0,
                        )
                        .await,
                )
            }
        }
    }
    #[doc(hidden)]
    pub(crate) enum __move {}
    static __move_info: actors::__macro::MethodInfo = actors::__macro::MethodInfo::new(actors::__macro::MethodParts {
        name: "shop::move",
        module: ::core::module_path!(),
        actor: "Account",
        method: "move",
        parameters: &[
            actors::__macro::Parameter {
                name: "arg0_",
                ty: "(ActorRef<Self>, u8)",
            },
            actors::__macro::Parameter {
                name: "arg0",
                ty: "u8",
            },
            actors::__macro::Parameter {
                name: "arg2",
                ty: "[u8; Self::N]",
            },
        ],
        result: "()",
        error: ::core::option::Option::None,
        docs: "The account,\nas it is.",
        signature: "((ActorRef<Self>, u8), u8, [u8; Self::N]) -> ()",
        is_async: true,
        uses_context: false,
        completes: false,
        is_urgent: false,
        constructs: false,
        position: 0usize + ::core::cfg!(feature = "cash") as ::core::primitive::usize,
    });
    actors::__macro::inventory::submit! {
        actors::__macro::Registered(& __move_info)
    }
    const __move_is_result: ::core::primitive::bool = {
        const __IS_RESULT: ::core::primitive::bool = {
            use actors::__macro::NotResult as _;
            <actors::__macro::Probe<()>>::IS_RESULT
        };
        fn r#move<__T: ::core::marker::Send + 'static>()
        where
            actors::__macro::RequirementIn<MySystem>: actors::__macro::Codec<__T>,
        {}
        let _ = r#move::<(ActorRef<shop::Account>, u8)>;
        let _ = r#move::<u8>;
        let _ = r#move::<[u8; <shop::Account>::N]>;
        let _ = r#move::<
            <actors::__macro::As<(), __IS_RESULT> as actors::__macro::Carried>::Value,
        >;
        let _ = r#move::<
            <actors::__macro::As<(), __IS_RESULT> as actors::__macro::Carried>::Error,
        >;
        {
            fn r#move<__State: actors::__macro::SharedState>() {}
            let _ = r#move::<shop::Account>;
        }
        __IS_RESULT
    };
    #[automatically_derived]
    impl actors::__macro::Method<shop::Account> for __move {
        type Args = actors::__macro::Checked<
            ((ActorRef<shop::Account>, u8), u8, [u8; <shop::Account>::N]),
            { __move_is_result },
        >;
        type Reply = actors::__macro::As<(), { __move_is_result }>;
        const INFO: &'static actors::__macro::MethodInfo = &__move_info;
        fn invoke<'__call>(
            __actor: &'__call mut shop::Account,
            __context: &'__call actors::__macro::Context<shop::Account>,
            __arguments: Self::Args,
        ) -> impl ::core::future::Future<
            Output = actors::__macro::Returned<Self, shop::Account>,
        > + ::core::marker::Send + '__call {
            let (__argument0, __argument1, __argument2) = __arguments;
            async move {
                <Self::Reply as actors::__macro::Reply<
                    actors::__macro::RequirementOf<shop::Account>,
                >>::split(
                    <shop::Account>::r#move(
                            __actor,
                            __argument0,
                            __argument1,
                            __argument2,
                        )
                        .await,
                )
            }
        }
    }
    #[automatically_derived]
    impl actors::__macro::DistributedActor for shop::Account {
        const METHODS: &'static [actors::__macro::Entry<Self>] = &[
            #[cfg(feature = "cash")]
            actors::__macro::Entry::of::<__withdraw>(),
            actors::__macro::Entry::of::<__move>(),
        ];
    }
    const __hashes: &[::core::primitive::u64] = &[
        #[cfg(feature = "cash")]
        __withdraw_info.hash(),
        __move_info.hash(),
    ];
    const _: () = actors::__macro::assert_new_name(__hashes, __move_info.position());
};
