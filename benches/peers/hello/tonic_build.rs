use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let hello = Method::builder()
        .name("hello")
        .route_name("Hello")
        .input_type("crate::Text")
        .output_type("crate::Text")
        .codec_path("tonic_prost::ProstCodec")
        .build();
    Builder::new().compile(&[Service::builder().package("hello").name("Greeter").method(hello).build()]);
}
