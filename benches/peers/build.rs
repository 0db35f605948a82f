//! What tonic's users have generated: the client and the server of a service.

#[cfg(feature = "peers")]
fn main() {
    use tonic_build::manual::{Builder, Method, Service};

    println!("cargo::rerun-if-changed=build.rs");
    let echo = Method::builder()
        .name("echo")
        .route_name("Echo")
        .input_type("crate::contenders::tonic::Body")
        .output_type("crate::contenders::tonic::Body")
        .codec_path("tonic_prost::ProstCodec")
        .build();
    Builder::new().compile(&[Service::builder().package("peers").name("Echo").method(echo).build()]);
}

#[cfg(not(feature = "peers"))]
fn main() {}
