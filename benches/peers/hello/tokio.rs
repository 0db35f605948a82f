use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let mut name = [0; 5];
        stream.read_exact(&mut name).await?;
        stream.write_all(&[b"Hello, ", &name[..], b"!"].concat()).await
    });
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"world").await?;
    let mut greeting = String::new();
    stream.read_to_string(&mut greeting).await?;
    println!("{greeting}");
    Ok(())
}
