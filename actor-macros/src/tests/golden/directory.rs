impl Directory {
    async fn resolve(&self, ctx: &Context<Self>, name: String) -> Option<Entry> {
        None
    }
    fn insert(&mut self, name: String, entry: Entry) {}
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
/// The distributed methods of `Directory`, as its references offer them.
pub struct DirectoryMethods(::distributed_actor::__macro::Target<Directory>);
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
    impl ::distributed_actor::__macro::Callable for Directory {
        type System = ::distributed_actor::__macro::DefaultSystem;
        type Methods = DirectoryMethods;
    }
    #[automatically_derived]
    impl ::distributed_actor::__macro::Proxy<Directory> for DirectoryMethods {
        fn new(target: ::distributed_actor::__macro::Target<Directory>) -> Self {
            Self(target)
        }
        fn target(&self) -> &::distributed_actor::__macro::Target<Directory> {
            &self.0
        }
    }
    impl DirectoryMethods {
        fn resolve(
            &self,
            name: String,
        ) -> ::distributed_actor::__macro::Call<'_, __resolve, Directory> {
            self.0.call::<__resolve>((name,))
        }
        fn insert(
            &self,
            name: String,
            entry: Entry,
        ) -> ::distributed_actor::__macro::Call<'_, __insert, Directory> {
            self.0.call::<__insert>((name, entry))
        }
    }
    #[doc(hidden)]
    enum __resolve {}
    static __resolve_info: ::distributed_actor::__macro::MethodInfo = ::distributed_actor::__macro::MethodInfo::new(::distributed_actor::__macro::MethodParts {
        name: ::core::concat!(::core::module_path!(), "::Directory::resolve"),
        module: ::core::module_path!(),
        actor: "Directory",
        method: "resolve",
        parameters: &[
            ::distributed_actor::__macro::Parameter {
                name: "name",
                ty: "String",
            },
        ],
        result: "Option<Entry>",
        error: ::core::option::Option::None,
        docs: "",
        signature: "(String) -> Option<Entry>",
        is_async: true,
        uses_context: true,
        completes: false,
        is_urgent: false,
        constructs: false,
        position: 0usize,
    });
    ::distributed_actor::__macro::inventory::submit! {
        ::distributed_actor::__macro::Registered(& __resolve_info)
    }
    const __resolve_is_result: ::core::primitive::bool = {
        const __IS_RESULT: ::core::primitive::bool = {
            use ::distributed_actor::__macro::NotResult as _;
            <::distributed_actor::__macro::Probe<Option<Entry>>>::IS_RESULT
        };
        fn resolve<__T: ::core::marker::Send + 'static>()
        where
            ::distributed_actor::__macro::RequirementIn<
                ::distributed_actor::__macro::DefaultSystem,
            >: ::distributed_actor::__macro::Codec<__T>,
        {}
        let _ = resolve::<String>;
        let _ = resolve::<
            <::distributed_actor::__macro::As<
                Option<Entry>,
                __IS_RESULT,
            > as ::distributed_actor::__macro::Carried>::Value,
        >;
        let _ = resolve::<
            <::distributed_actor::__macro::As<
                Option<Entry>,
                __IS_RESULT,
            > as ::distributed_actor::__macro::Carried>::Error,
        >;
        let _ = ::distributed_actor::__macro::lend::<Directory>;
        __IS_RESULT
    };
    #[automatically_derived]
    impl ::distributed_actor::__macro::Method<Directory> for __resolve {
        type Args = ::distributed_actor::__macro::Checked<
            (String,),
            { __resolve_is_result },
        >;
        type Reply = ::distributed_actor::__macro::As<
            Option<Entry>,
            { __resolve_is_result },
        >;
        const INFO: &'static ::distributed_actor::__macro::MethodInfo = &__resolve_info;
        fn invoke<'__call>(
            __actor: &'__call mut Directory,
            __context: &'__call ::distributed_actor::__macro::Context<Directory>,
            __arguments: Self::Args,
        ) -> impl ::core::future::Future<
            Output = ::distributed_actor::__macro::Returned<Self, Directory>,
        > + ::core::marker::Send + '__call {
            <Self as ::distributed_actor::__macro::SharedMethod<
                Directory,
            >>::invoke_shared(__actor, __context, __arguments)
        }
        fn share<__Done>(
            __arguments: Self::Args,
            __done: __Done,
        ) -> ::core::result::Result<
            ::distributed_actor::__macro::SharedWork<Directory>,
            (Self::Args, __Done),
        >
        where
            __Done: ::core::ops::FnOnce(
                    ::distributed_actor::__macro::Returned<Self, Directory>,
                ) + ::core::marker::Send + 'static,
        {
            let __lend = ::distributed_actor::__macro::lend::<Directory>;
            ::core::result::Result::Ok(
                ::distributed_actor::__macro::SharedWork::new::<
                    Self,
                >(__lend(), __arguments, __done),
            )
        }
    }
    #[automatically_derived]
    impl ::distributed_actor::__macro::SharedMethod<Directory> for __resolve {
        fn invoke_shared<'__call>(
            __actor: &'__call Directory,
            __context: &'__call ::distributed_actor::__macro::Context<Directory>,
            __arguments: Self::Args,
        ) -> impl ::core::future::Future<
            Output = ::distributed_actor::__macro::Returned<Self, Directory>,
        > + ::core::marker::Send + '__call {
            let (__argument0,) = __arguments;
            async move {
                <Self::Reply as ::distributed_actor::__macro::Reply<
                    ::distributed_actor::__macro::RequirementOf<Directory>,
                >>::split(
                    <Directory>::resolve(
                            __actor,
                            <Context<
                                Directory,
                            > as ::distributed_actor::__macro::ContextParameter<
                                Directory,
                            >>::of(__context),
                            __argument0,
                        )
                        .await,
                )
            }
        }
    }
    #[doc(hidden)]
    enum __insert {}
    static __insert_info: ::distributed_actor::__macro::MethodInfo = ::distributed_actor::__macro::MethodInfo::new(::distributed_actor::__macro::MethodParts {
        name: ::core::concat!(::core::module_path!(), "::Directory::insert"),
        module: ::core::module_path!(),
        actor: "Directory",
        method: "insert",
        parameters: &[
            ::distributed_actor::__macro::Parameter {
                name: "name",
                ty: "String",
            },
            ::distributed_actor::__macro::Parameter {
                name: "entry",
                ty: "Entry",
            },
        ],
        result: "()",
        error: ::core::option::Option::None,
        docs: "",
        signature: "(String, Entry) -> ()",
        is_async: false,
        uses_context: false,
        completes: false,
        is_urgent: false,
        constructs: false,
        position: 1usize,
    });
    ::distributed_actor::__macro::inventory::submit! {
        ::distributed_actor::__macro::Registered(& __insert_info)
    }
    const __insert_is_result: ::core::primitive::bool = {
        const __IS_RESULT: ::core::primitive::bool = {
            use ::distributed_actor::__macro::NotResult as _;
            <::distributed_actor::__macro::Probe<()>>::IS_RESULT
        };
        fn insert<__T: ::core::marker::Send + 'static>()
        where
            ::distributed_actor::__macro::RequirementIn<
                ::distributed_actor::__macro::DefaultSystem,
            >: ::distributed_actor::__macro::Codec<__T>,
        {}
        let _ = insert::<String>;
        let _ = insert::<Entry>;
        let _ = insert::<
            <::distributed_actor::__macro::As<
                (),
                __IS_RESULT,
            > as ::distributed_actor::__macro::Carried>::Value,
        >;
        let _ = insert::<
            <::distributed_actor::__macro::As<
                (),
                __IS_RESULT,
            > as ::distributed_actor::__macro::Carried>::Error,
        >;
        __IS_RESULT
    };
    #[automatically_derived]
    impl ::distributed_actor::__macro::Method<Directory> for __insert {
        type Args = ::distributed_actor::__macro::Checked<
            (String, Entry),
            { __insert_is_result },
        >;
        type Reply = ::distributed_actor::__macro::As<(), { __insert_is_result }>;
        const INFO: &'static ::distributed_actor::__macro::MethodInfo = &__insert_info;
        fn invoke<'__call>(
            __actor: &'__call mut Directory,
            __context: &'__call ::distributed_actor::__macro::Context<Directory>,
            __arguments: Self::Args,
        ) -> impl ::core::future::Future<
            Output = ::distributed_actor::__macro::Returned<Self, Directory>,
        > + ::core::marker::Send + '__call {
            let (__argument0, __argument1) = __arguments;
            ::core::future::ready(
                <Self::Reply as ::distributed_actor::__macro::Reply<
                    ::distributed_actor::__macro::RequirementOf<Directory>,
                >>::split(<Directory>::insert(__actor, __argument0, __argument1)),
            )
        }
    }
    #[automatically_derived]
    impl ::distributed_actor::__macro::DistributedActor for Directory {
        const METHODS: &'static [::distributed_actor::__macro::Entry<Self>] = &[
            ::distributed_actor::__macro::Entry::of::<__resolve>(),
            ::distributed_actor::__macro::Entry::of::<__insert>(),
        ];
    }
    const __hashes: &[::core::primitive::u64] = &[
        __resolve_info.hash(),
        __insert_info.hash(),
    ];
    const _: () = ::distributed_actor::__macro::assert_new_name(
        __hashes,
        __insert_info.position(),
    );
};
