//! Has cargo notice when a file of the web part comes or goes: the compiler itself only watches those
//! that it embedded the last time.

fn main() {
    println!("cargo::rerun-if-changed=web/dist");
}
