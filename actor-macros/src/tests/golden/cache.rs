impl<T: Clone + Send + 'static, const N: usize> Cache<T, N>
where
    Self: Sized,
    T: Serialize,
    ::distributed_actor::__macro::RequirementOf<Self>: CacheCodec<T, N>,
{
    fn get(&self, key: String) -> Result<T, Missing> {
        panic!()
    }
    #[cfg(feature = "more")]
    fn peers(&self, of: ActorRef<Self>) -> Answer<T> {
        panic!()
    }
    async fn size(&self) -> usize {
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
/// The distributed methods of `Cache`, as its references offer them.
pub struct CacheMethods<T: Clone + Send + 'static, const N: usize>(
    ::distributed_actor::__macro::Target<Cache<T, N>>,
)
where
    Cache<T, N>: Sized,
    T: Serialize;
/// What the serialization requirement of a system has to meet for `Cache` to run on it.
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
pub trait CacheCodec<
    T: Clone + Send + 'static,
    const N: usize,
>: ::distributed_actor::__macro::Codec<
        T,
    > + ::distributed_actor::__macro::Codec<Missing> + __CacheCodec_peers<T, N>
where
    Cache<T, N>: Sized,
    T: Serialize,
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
#[automatically_derived]
impl<T: Clone + Send + 'static, const N: usize, __Requirement> CacheCodec<T, N>
for __Requirement
where
    Cache<T, N>: Sized,
    T: Serialize,
    __Requirement: ::distributed_actor::__macro::Codec<T>
        + ::distributed_actor::__macro::Codec<Missing> + __CacheCodec_peers<T, N>,
{}
#[doc(hidden)]
#[cfg(feature = "more")]
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
pub trait __CacheCodec_peers<
    T: Clone + Send + 'static,
    const N: usize,
>: ::distributed_actor::__macro::Codec<
        ActorRef<Cache<T, N>>,
    > + ::distributed_actor::__macro::CodecOf<
        ::distributed_actor::__macro::As<Answer<T>, true>,
    >
where
    Cache<T, N>: Sized,
    T: Serialize,
{}
#[cfg(feature = "more")]
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
impl<T: Clone + Send + 'static, const N: usize, __Requirement> __CacheCodec_peers<T, N>
for __Requirement
where
    Cache<T, N>: Sized,
    T: Serialize,
    __Requirement: ::distributed_actor::__macro::Codec<ActorRef<Cache<T, N>>>
        + ::distributed_actor::__macro::CodecOf<
            ::distributed_actor::__macro::As<Answer<T>, true>,
        >,
{}
#[doc(hidden)]
#[cfg(not(feature = "more"))]
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
pub trait __CacheCodec_peers<T: Clone + Send + 'static, const N: usize>
where
    Cache<T, N>: Sized,
    T: Serialize,
{}
#[cfg(not(feature = "more"))]
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
impl<T: Clone + Send + 'static, const N: usize, __Requirement> __CacheCodec_peers<T, N>
for __Requirement
where
    Cache<T, N>: Sized,
    T: Serialize,
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
    impl<
        T: Clone + Send + 'static,
        const N: usize,
    > ::distributed_actor::__macro::Callable for Cache<T, N>
    where
        Cache<T, N>: Sized,
        T: Serialize,
    {
        type System = ::distributed_actor::__macro::DefaultSystem;
        type Methods = CacheMethods<T, N>;
    }
    #[automatically_derived]
    impl<
        T: Clone + Send + 'static,
        const N: usize,
    > ::distributed_actor::__macro::Proxy<Cache<T, N>> for CacheMethods<T, N>
    where
        Cache<T, N>: Sized,
        T: Serialize,
    {
        fn new(target: ::distributed_actor::__macro::Target<Cache<T, N>>) -> Self {
            Self(target)
        }
        fn target(&self) -> &::distributed_actor::__macro::Target<Cache<T, N>> {
            &self.0
        }
    }
    impl<T: Clone + Send + 'static, const N: usize> CacheMethods<T, N>
    where
        Cache<T, N>: Sized,
        T: Serialize,
        ::distributed_actor::__macro::RequirementOf<Cache<T, N>>: CacheCodec<T, N>,
    {
        fn get(
            &self,
            key: String,
        ) -> ::distributed_actor::__macro::Call<'_, __get, Cache<T, N>> {
            self.0.call::<__get>((key,))
        }
        #[cfg(feature = "more")]
        fn peers(
            &self,
            of: ActorRef<Cache<T, N>>,
        ) -> ::distributed_actor::__macro::Call<'_, __peers, Cache<T, N>> {
            self.0.call::<__peers>((of,))
        }
        fn size(&self) -> ::distributed_actor::__macro::Call<'_, __size, Cache<T, N>> {
            self.0.call::<__size>(())
        }
    }
    #[doc(hidden)]
    enum __get {}
    static __get_info: ::distributed_actor::__macro::MethodInfo = ::distributed_actor::__macro::MethodInfo::new(::distributed_actor::__macro::MethodParts {
        name: ::core::concat!(::core::module_path!(), "::Cache::get"),
        module: ::core::module_path!(),
        actor: "Cache",
        method: "get",
        parameters: &[
            ::distributed_actor::__macro::Parameter {
                name: "key",
                ty: "String",
            },
        ],
        result: "Result<T, Missing>",
        error: ::core::option::Option::Some("Missing"),
        docs: "",
        signature: "(String) -> Result<T, Missing>",
        is_async: false,
        uses_context: false,
        completes: false,
        is_urgent: false,
        constructs: false,
        position: 0usize,
    });
    ::distributed_actor::__macro::inventory::submit! {
        ::distributed_actor::__macro::Registered(& __get_info)
    }
    const __get_is_result: ::core::primitive::bool = {
        const __IS_RESULT: ::core::primitive::bool = true;
        fn get<__T: ::core::marker::Send + 'static>()
        where
            ::distributed_actor::__macro::RequirementIn<
                ::distributed_actor::__macro::DefaultSystem,
            >: ::distributed_actor::__macro::Codec<__T>,
        {}
        let _ = get::<String>;
        __IS_RESULT
    };
    #[automatically_derived]
    impl<
        T: Clone + Send + 'static,
        const N: usize,
    > ::distributed_actor::__macro::Method<Cache<T, N>> for __get
    where
        Cache<T, N>: Sized,
        T: Serialize,
        ::distributed_actor::__macro::RequirementOf<Cache<T, N>>: CacheCodec<T, N>,
    {
        type Args = ::distributed_actor::__macro::Checked<
            (String,),
            { __get_is_result },
        >;
        type Reply = ::distributed_actor::__macro::As<
            Result<T, Missing>,
            { __get_is_result },
        >;
        const INFO: &'static ::distributed_actor::__macro::MethodInfo = &__get_info;
        fn invoke<'__call>(
            __actor: &'__call mut Cache<T, N>,
            __context: &'__call ::distributed_actor::__macro::Context<Cache<T, N>>,
            __arguments: Self::Args,
        ) -> impl ::core::future::Future<
            Output = ::distributed_actor::__macro::Returned<Self, Cache<T, N>>,
        > + ::core::marker::Send + '__call {
            let (__argument0,) = __arguments;
            ::core::future::ready(
                <Self::Reply as ::distributed_actor::__macro::Reply<
                    ::distributed_actor::__macro::RequirementOf<Cache<T, N>>,
                >>::split(<Cache<T, N>>::get(__actor, __argument0)),
            )
        }
    }
    #[doc(hidden)]
    #[cfg(feature = "more")]
    enum __peers {}
    #[cfg(feature = "more")]
    static __peers_info: ::distributed_actor::__macro::MethodInfo = ::distributed_actor::__macro::MethodInfo::new(::distributed_actor::__macro::MethodParts {
        name: ::core::concat!(::core::module_path!(), "::Cache::peers"),
        module: ::core::module_path!(),
        actor: "Cache",
        method: "peers",
        parameters: &[
            ::distributed_actor::__macro::Parameter {
                name: "of",
                ty: "ActorRef<Self>",
            },
        ],
        result: "Answer<T>",
        error: ::core::option::Option::None,
        docs: "",
        signature: "(ActorRef<Self>) -> Answer<T>",
        is_async: false,
        uses_context: false,
        completes: false,
        is_urgent: false,
        constructs: false,
        position: 1usize,
    });
    #[cfg(feature = "more")]
    ::distributed_actor::__macro::inventory::submit! {
        ::distributed_actor::__macro::Registered(& __peers_info)
    }
    #[cfg(feature = "more")]
    const __peers_is_result: ::core::primitive::bool = true;
    #[automatically_derived]
    #[cfg(feature = "more")]
    impl<
        T: Clone + Send + 'static,
        const N: usize,
    > ::distributed_actor::__macro::Method<Cache<T, N>> for __peers
    where
        Cache<T, N>: Sized,
        T: Serialize,
        ::distributed_actor::__macro::RequirementOf<Cache<T, N>>: CacheCodec<T, N>,
    {
        type Args = ::distributed_actor::__macro::Checked<
            (ActorRef<Cache<T, N>>,),
            { __peers_is_result },
        >;
        type Reply = ::distributed_actor::__macro::As<Answer<T>, { __peers_is_result }>;
        const INFO: &'static ::distributed_actor::__macro::MethodInfo = &__peers_info;
        fn invoke<'__call>(
            __actor: &'__call mut Cache<T, N>,
            __context: &'__call ::distributed_actor::__macro::Context<Cache<T, N>>,
            __arguments: Self::Args,
        ) -> impl ::core::future::Future<
            Output = ::distributed_actor::__macro::Returned<Self, Cache<T, N>>,
        > + ::core::marker::Send + '__call {
            let (__argument0,) = __arguments;
            ::core::future::ready(
                <Self::Reply as ::distributed_actor::__macro::Reply<
                    ::distributed_actor::__macro::RequirementOf<Cache<T, N>>,
                >>::split(<Cache<T, N>>::peers(__actor, __argument0)),
            )
        }
    }
    #[doc(hidden)]
    enum __size {}
    static __size_info: ::distributed_actor::__macro::MethodInfo = ::distributed_actor::__macro::MethodInfo::new(::distributed_actor::__macro::MethodParts {
        name: ::core::concat!(::core::module_path!(), "::Cache::size"),
        module: ::core::module_path!(),
        actor: "Cache",
        method: "size",
        parameters: &[],
        result: "usize",
        error: ::core::option::Option::None,
        docs: "",
        signature: "() -> usize",
        is_async: true,
        uses_context: false,
        completes: false,
        is_urgent: false,
        constructs: false,
        position: 1usize + ::core::cfg!(feature = "more") as ::core::primitive::usize,
    });
    ::distributed_actor::__macro::inventory::submit! {
        ::distributed_actor::__macro::Registered(& __size_info)
    }
    const __size_is_result: ::core::primitive::bool = {
        const __IS_RESULT: ::core::primitive::bool = {
            use ::distributed_actor::__macro::NotResult as _;
            <::distributed_actor::__macro::Probe<usize>>::IS_RESULT
        };
        fn size<__T: ::core::marker::Send + 'static>()
        where
            ::distributed_actor::__macro::RequirementIn<
                ::distributed_actor::__macro::DefaultSystem,
            >: ::distributed_actor::__macro::Codec<__T>,
        {}
        let _ = size::<
            <::distributed_actor::__macro::As<
                usize,
                __IS_RESULT,
            > as ::distributed_actor::__macro::Carried>::Value,
        >;
        let _ = size::<
            <::distributed_actor::__macro::As<
                usize,
                __IS_RESULT,
            > as ::distributed_actor::__macro::Carried>::Error,
        >;
        __IS_RESULT
    };
    #[automatically_derived]
    impl<
        T: Clone + Send + 'static,
        const N: usize,
    > ::distributed_actor::__macro::Method<Cache<T, N>> for __size
    where
        Cache<T, N>: Sized,
        T: Serialize,
        ::distributed_actor::__macro::RequirementOf<Cache<T, N>>: CacheCodec<T, N>,
    {
        type Args = ::distributed_actor::__macro::Checked<(), { __size_is_result }>;
        type Reply = ::distributed_actor::__macro::As<usize, { __size_is_result }>;
        const INFO: &'static ::distributed_actor::__macro::MethodInfo = &__size_info;
        fn invoke<'__call>(
            __actor: &'__call mut Cache<T, N>,
            __context: &'__call ::distributed_actor::__macro::Context<Cache<T, N>>,
            __arguments: Self::Args,
        ) -> impl ::core::future::Future<
            Output = ::distributed_actor::__macro::Returned<Self, Cache<T, N>>,
        > + ::core::marker::Send + '__call {
            {
                fn size<__State: ::distributed_actor::__macro::SharedState>() {}
                let _ = size::<Cache<T, N>>;
            }
            let () = __arguments;
            async move {
                <Self::Reply as ::distributed_actor::__macro::Reply<
                    ::distributed_actor::__macro::RequirementOf<Cache<T, N>>,
                >>::split(<Cache<T, N>>::size(__actor).await)
            }
        }
    }
    #[automatically_derived]
    impl<
        T: Clone + Send + 'static,
        const N: usize,
    > ::distributed_actor::__macro::DistributedActor for Cache<T, N>
    where
        Cache<T, N>: Sized,
        T: Serialize,
        ::distributed_actor::__macro::RequirementOf<Cache<T, N>>: CacheCodec<T, N>,
    {
        const METHODS: &'static [::distributed_actor::__macro::Entry<Self>] = &[
            ::distributed_actor::__macro::Entry::of::<__get>(),
            #[cfg(feature = "more")]
            ::distributed_actor::__macro::Entry::of::<__peers>(),
            ::distributed_actor::__macro::Entry::of::<__size>(),
        ];
    }
    const __hashes: &[::core::primitive::u64] = &[
        __get_info.hash(),
        #[cfg(feature = "more")]
        __peers_info.hash(),
        __size_info.hash(),
    ];
    #[cfg(feature = "more")]
    const _: () = ::distributed_actor::__macro::assert_new_name(
        __hashes,
        __peers_info.position(),
    );
    const _: () = ::distributed_actor::__macro::assert_new_name(
        __hashes,
        __size_info.position(),
    );
};
