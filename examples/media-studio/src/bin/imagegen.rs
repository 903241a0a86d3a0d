//! Image generation as a program; the app is the library's.

fn main() -> std::io::Result<()> {
    media_studio_imaging::Imagegen::serve()
}
