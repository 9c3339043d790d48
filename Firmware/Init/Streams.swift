/// The host's ends of the command's streams, and the port on which host and guest talk about it.
struct Streams {
  let control: Int
  let input: Int
  let output: Int
  let errors: Int
}
