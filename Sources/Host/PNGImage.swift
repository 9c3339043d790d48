import CPNG

/// PNG files of pixels with three bytes, red first.
public enum PNGImage {
  /// Nil if the picture is empty or of another size than its bytes.
  public static func encode(_ pixels: [UInt8], width: Int, height: Int) -> [UInt8]? {
    guard width > 0, height > 0, pixels.count == width * height * 3 else { return nil }
    var image = unsafe png_image()
    unsafe image.version = png_uint_32(PNG_IMAGE_VERSION)
    unsafe image.width = png_uint_32(width)
    unsafe image.height = png_uint_32(height)
    unsafe image.format = png_uint_32(PNG_FORMAT_FLAG_COLOR)
    var size = 0
    guard unsafe png_image_write_to_memory(&image, nil, &size, 0, pixels, 0, nil) != 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: size)
    guard unsafe png_image_write_to_memory(&image, &bytes, &size, 0, pixels, 0, nil) != 0 else { return nil }
    return Array(bytes.prefix(size))
  }

  /// Nil if the bytes are no PNG file, or of more than a hundred million pixels.
  public static func decode(_ bytes: [UInt8]) -> (pixels: [UInt8], width: Int, height: Int)? {
    var image = unsafe png_image()
    unsafe image.version = png_uint_32(PNG_IMAGE_VERSION)
    // What the library keeps of the file points into `bytes`.
    return unsafe bytes.withUnsafeBytes { source in
      guard unsafe png_image_begin_read_from_memory(&image, source.baseAddress, source.count) != 0 else { return nil }
      defer { unsafe png_image_free(&image) }
      let (width, height) = unsafe (Int(image.width), Int(image.height))
      guard width * height <= 100_000_000 else { return nil }
      unsafe image.format = png_uint_32(PNG_FORMAT_FLAG_COLOR)
      var pixels = [UInt8](repeating: 0, count: width * height * 3)
      guard unsafe png_image_finish_read(&image, nil, &pixels, 0, nil) != 0 else { return nil }
      return (pixels, width, height)
    }
  }
}
