#!/usr/bin/perl
# A container image FROM scratch, made by tools/oci-image: every digest and size is what the bytes say,
# the layer holds the program alone, the same program gives the same image, other tools read it where
# they are installed, and the program runs from the unpacked layer with nothing around it.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use File::Temp  qw(tempdir);
use FindBin;
use JSON::PP qw(decode_json);
use Test::More;
use lib "$FindBin::Bin/../lang", "$FindBin::Bin/..";
use Commands qw(is_installed shell succeeds_silently);
use ExamplePrograms qw(source_folder library_folder compiler slurp);

plan skip_all => 'in a folder of its own there is no emulator' if $ENV{KEEL_EMULATOR};

my $source = source_folder();
my $work   = tempdir(CLEANUP => 1);
my $image  = "$work/image";

sub build {
    my $line = compiler() . " -O2 -ffreestanding -nostdlib -static -I'$source/include'"
        . " '$source/examples/coolscript/document.c' -o '$work/document' -L'" . library_folder()
        . "' -lcsruntime && strip '$work/document'";
    succeeds_silently($line, 'the program is built');
    succeeds_silently("'$source/tools/oci-image' '$work/document' '$work/$_.tar'", "the image is made, $_")
        for qw(once again);
    ok(slurp("$work/once.tar") eq slurp("$work/again.tar"), 'both have the same bytes');
    succeeds_silently("mkdir '$image' && tar -xf '$work/once.tar' -C '$image'", 'it unpacks');
    return;
}

# The bytes that a descriptor stands for.
sub blob {
    my ($descriptor, $what) = @_;
    my ($digest) = $descriptor->{digest} =~ /^sha256:([0-9a-f]{64})$/;
    ok($digest, "$what: a digest") or return '';
    my $bytes = slurp("$image/blobs/sha256/$digest");
    is(sha256_hex($bytes), $digest,               "$what: its bytes have it");
    is(length $bytes,      $descriptor->{size}, "$what: its size");
    return $bytes;
}

sub check_structure {
    is(decode_json(slurp("$image/oci-layout"))->{imageLayoutVersion}, '1.0.0', 'oci-layout');
    my $index = decode_json(slurp("$image/index.json"));
    is(scalar @{ $index->{manifests} }, 1, 'index.json names one manifest');
    my $manifest = decode_json(blob($index->{manifests}[0], 'manifest'));
    is($manifest->{mediaType}, $index->{manifests}[0]{mediaType}, 'manifest: its type');
    my $config = decode_json(blob($manifest->{config}, 'config'));
    is_deeply($config->{config}{Entrypoint}, ['/document'], 'config: the program is the entrypoint');
    is("$config->{os}/$config->{architecture}", 'linux/amd64', 'config: the platform');
    is(scalar @{ $manifest->{layers} }, 1, 'there is one layer');
    my $layer = blob($manifest->{layers}[0], 'layer');
    is_deeply($config->{rootfs}{diff_ids}, [ 'sha256:' . sha256_hex($layer) ], 'layer: its plain digest');
    my @blobs = glob "$image/blobs/sha256/*";
    is(scalar @blobs, 3, 'and no other blob');
    my $list = decode_json(slurp("$image/manifest.json"))->[0];
    is_deeply([ $list->{Config}, @{ $list->{Layers} } ],
        [ map { 'blobs/sha256/' . s/^sha256://r } $manifest->{config}{digest}, $manifest->{layers}[0]{digest} ],
        'the list for docker load names the same');
    return "$image/" . $list->{Layers}[0];
}

sub check_layer {
    my ($layer) = @_;
    my ($status, $listing) = shell("TZ=UTC tar --numeric-owner -tvf '$layer'");
    like($listing, qr{\A-rwxr-xr-x 0/0 +\d+ 1970-01-01 \d\d:\d\d document\n\z}, 'the layer has one file');
    succeeds_silently("mkdir '$work/root' && tar -xf '$layer' -C '$work/root'", 'and unpacks');
    return;
}

sub check_run {
    my @ways = ('unshare --pid --fork chroot', 'unshare --map-root-user --pid --fork chroot', 'chroot');
    my ($way) = grep { (shell("$_ / true"))[0] == 0 } @ways;
SKIP: {
        skip 'no chroot is allowed here', 1 if !defined $way;
        delete local @ENV{qw(KEEL_TESTS KEEL_EMULATOR)};
        my ($status, $said) = shell("timeout 60 $way '$work/root' /document");
        is("$status $said", '0 ' . slurp("$source/examples/coolscript/document.expected"),
            "it runs alone in its folder ($way)");
    }
    return;
}

sub check_other_tools {
SKIP: {
        skip 'skopeo is not installed', 2 if !is_installed('skopeo');
        for my $form (qw(oci-archive docker-archive)) {
            my ($status, $said) = shell("skopeo inspect --config '$form:$work/once.tar'");
            ok($status == 0 && $said =~ m{"/document"}, "skopeo reads it as $form") or diag $said;
        }
    }
SKIP: {
        skip 'umoci is not installed', 1 if !is_installed('umoci');
        my ($status, $said) = shell("umoci unpack --rootless --image '$image:latest' '$work/bundle'");
        ok($status == 0 && -x "$work/bundle/rootfs/document", 'umoci unpacks it') or diag $said;
    }
    return;
}

sub check_refusals {
    my %wrong = (
        "$work/once.tar" => 'is no ELF program',
        "$work/nowhere"  => 'there is no file',
        "$work/Up Case"  => 'is no name for an image',
    );
    shell("cp '$work/document' '$work/Up Case'");
    for my $program (sort keys %wrong) {
        my ($status, $said) = shell("'$source/tools/oci-image' '$program' '$work/wrong.tar'");
        ok($status >> 8 == 2 && $said =~ /^tools\/oci-image: .*\Q$wrong{$program}\E/, "refused: $wrong{$program}")
            or diag $said;
    }
    ok(!-e "$work/wrong.tar", 'and nothing is left');
    return;
}

build();
check_layer(check_structure());
check_run();
check_other_tools();
check_refusals();
done_testing();
