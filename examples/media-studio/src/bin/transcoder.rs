//! Transcoding as a program. The app is in the library.

fn main() -> std::io::Result<()> {
    media_studio_video::Transcoder::serve()
}
