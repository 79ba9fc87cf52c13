# The formula for a tap. A release fills in the version and the checksums (.ci/release prints them).
class Oomcast < Formula
  desc "Forecasts the memory of kube-apiservers, OOM kills and the cascades that follow"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license "Apache-2.0"

  on_macos do
    # Built from source: no binary for macOS is part of a release.
    url "@REPOSITORY@/releases/download/v@VERSION@/oomcast-@VERSION@-source.tar.gz"
    sha256 "@SHA256_SOURCE@"
    depends_on "rust" => :build
  end

  on_linux do
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/oomcast-@VERSION@-x86_64-linux.tar.gz"
      sha256 "@SHA256_X86_64@"
    end
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/oomcast-@VERSION@-aarch64-linux.tar.gz"
      sha256 "@SHA256_AARCH64@"
    end
  end

  def install
    if OS.mac?
      system "cargo", "install", *std_cargo_args
    else
      bin.install "oomcast", "kubectl-oomcast"
    end
    generate_completions_from_executable(bin/"oomcast", "completions")
    system bin/"oomcast", "man", buildpath/"man"
    man1.install Dir[buildpath/"man/*.1"]
  end

  test do
    assert_match "OOM kill in", shell_output("#{bin}/oomcast run kep-3157-buffered -n 2 --no-charts -q")
  end
end
