fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = "../../proto/owt";
    println!("cargo:rerun-if-changed={folder}");
    let descriptors = protox::compile(["quic_agent.proto"], [folder])?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
