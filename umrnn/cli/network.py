"""``umrnn train``, ``eval``, ``sample`` and ``convert``: networks are trained, scored, sampled and converted."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from umrnn.cli.files import training_files
from umrnn.cli.inputs import files_read, open_corpus, open_model, open_predictor, recoded
from umrnn.cli.options import (
    CorpusOption,
    FormatOption,
    ModelOption,
    OutputOption,
    RangeOption,
    SeedOption,
    TableOption,
    ThreadsOption,
)
from umrnn.report.text import spell

if TYPE_CHECKING:
    from umrnn.rnn.model_file import ModelFile
    from umrnn.rnn.verify import LogitCheck

__all__ = ["convert", "evaluate", "sample", "train"]


def train(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    optimizer: Annotated[
        Literal["sgd", "adam"], typer.Option(help="sgd is the recipe of the published model.")
    ] = "sgd",
    epochs: Annotated[
        int | None, typer.Option(metavar="N", help="Passes over the corpus. [default: sgd 4000, adam 400]")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(metavar="X", help="Of training, after which it ends, wherever it is.")
    ] = None,
    hidden: Annotated[int, typer.Option(metavar="H", help="Neurons.")] = 128,
    lr: Annotated[
        float | None, typer.Option(metavar="X", help="Learning rate. [default: sgd 0.01, adam 0.001]")
    ] = None,
    bptt: Annotated[int, typer.Option(metavar="N", help="Targets per chunk of back-propagation.")] = 50,
    held_out: Annotated[float, typer.Option(metavar="F", help="Share of the corpus's end to score, not train on.")] = 0,
    checkpoint: Annotated[
        str | None, typer.Option(metavar="PATH", help="File of the state of training. [default: OUTPUT.checkpoint]")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the checkpoint.")] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Seed of the initial weights.")] = 42,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: Annotated[
        str | None, typer.Option(metavar="PATH", help="Write the network there: .npz, .bin, .safetensors or .pt.")
    ] = None,
    table: TableOption = None,
) -> None:
    """Train a network by back-propagation through time, on one thread."""
    from umrnn import rnn
    from umrnn.report.output import Output, drawn_work

    sink, source = Output.to("train", format, None, table), open_corpus(corpus, byte_range)
    start, steps = rnn.Start(hidden, seed), rnn.Optimizer(optimizer, epochs, lr, seconds, bptt)
    writing = training_files(output, checkpoint, resume=resume, keep=files_read(the_corpus=corpus))
    with writing as files, drawn_work(threads) as work, files.kept():
        saving = rnn.Saving(files.checkpoint, resume)
        training = rnn.train(source, start, steps, held_out=held_out, saving=saving, work=work)
        files.save(training, source)
    sink.emit(training)


def evaluate(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    permutations: Annotated[
        int, typer.Option(metavar="N", help="Shuffles of the corpus to score; 0 leaves them out.")
    ] = 9,
    bits: Annotated[
        str | None, typer.Option("--bits", metavar="PATH", help="Write the bits of every byte there, as .npy.")
    ] = None,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Score a network or a read-out on a corpus, beside gzip, bzip2, xz, and zstd and ppmd where installed."""
    from umrnn import rnn
    from umrnn._files import writable_file
    from umrnn.nulls import Null
    from umrnn.report.output import Output, drawn_work

    read = files_read(the_corpus=corpus, the_model=model)
    sink, source = Output.to("eval", format, output, table, keep=read), open_corpus(corpus, byte_range)
    written = writable_file(bits, "bits", keep=read) if bits else None
    network = open_predictor(model)
    source = recoded(source, network)
    with drawn_work(threads) as work:
        sink.emit(rnn.evaluate(network, source, null=Null(permutations, seed), work=work))
        if written is not None:
            rnn.write_bits(network, source, written, work=work)


def sample(
    length: Annotated[int, typer.Option(metavar="N", help="Bytes to draw.")] = 256,
    prompt: Annotated[str, typer.Option(metavar="TEXT", help="Text the network reads first.")] = "",
    temperature: Annotated[float, typer.Option(metavar="X", help="Below 1 sharpens, above 1 flattens.")] = 1.0,
    model: ModelOption = None,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Draw bytes from a network, on one thread: each byte waits for the one before."""
    from umrnn import rnn
    from umrnn.report.output import Output, drawn_work

    sink = Output.to("sample", format, output, table, keep=files_read(the_model=model))
    network = open_model(model)
    read = network.encode(prompt)
    spell(None if network.alphabet is None else network.alphabet.spellings)
    with drawn_work(threads) as work:
        result = rnn.draw(network, length, read, seed=seed, temperature=temperature, work=work)
    sink.emit(result)


def convert(
    source: Annotated[str, typer.Argument(metavar="IN", help="Network to read.")],
    destination: Annotated[str, typer.Argument(metavar="OUT", help="File to write; its suffix names the format.")],
    layout: Annotated[
        Literal["published", "older"], typer.Option(help="Order of the arrays in a raw file that is read.")
    ] = "published",
    layer: Annotated[
        str | None, typer.Option(metavar="0|0-reverse", help="Take this layer of a deeper network; without read-out.")
    ] = None,
    names: Annotated[
        str | None, typer.Option(metavar="PATH", help="JSON: which array of IN is W_x, W_h, b_h, W_y, b_y, embedding.")
    ] = None,
    alphabet: Annotated[
        str | None, typer.Option(metavar="PATH", help="JSON: the symbols of a network over characters, in its order.")
    ] = None,
    names_from: Annotated[
        str | None, typer.Option(metavar="PATH", help="Name the tensors of a PyTorch file OUT as in this one.")
    ] = None,
    check: Annotated[
        str | None, typer.Option(metavar="PATH", help="npy: logits the framework gave for --check-input; must be ours.")
    ] = None,
    check_input: Annotated[str | None, typer.Option(metavar="PATH", help="The bytes that gave --check.")] = None,
    tolerance: Annotated[
        float, typer.Option(metavar="X", help="Largest difference allowed by --check or --verify.")
    ] = 1e-3,
    verify: Annotated[bool, typer.Option("--verify", help="Compare with torch.nn.RNN itself, run here.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite OUT though umrnn did not write it.")] = False,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Carry a network from one file format to another, and prove it. Nothing is random; --threads has no effect."""
    from umrnn import rnn
    from umrnn.alphabet import Alphabet
    from umrnn.report.output import Output
    from umrnn.rnn.formats import Roles, describe

    if (check is None) != (check_input is None) or (check is not None and verify):
        raise typer.BadParameter("give --check LOGITS.npy with --check-input BYTES, or --verify, or neither")
    read = files_read(the_source=source, the_model=destination, the_logits=check, the_bytes=check_input)
    sink = Output.to("convert", format, output, table, keep=read)
    roles, symbols = Roles.in_file(names) if names else None, Alphabet.in_file(alphabet) if alphabet else None
    file = describe(source, layout=layout, layer=layer, names=roles, alphabet=symbols)
    expected = _expected(file, check, check_input, tolerance, verify=verify)
    home = describe(names_from, alphabet=file.alphabet).roles if names_from else None
    sink.emit(rnn.convert(file, destination, layout=layout, names=home, check=expected, force=force))


def _expected(
    file: "ModelFile", check: str | None, check_input: str | None, tolerance: float, *, verify: bool
) -> "LogitCheck | None":
    """The logits of the framework, from a file or from PyTorch run here; None where nobody asks."""
    from umrnn.rnn.verify import LogitCheck, pytorch_logits, verification_text

    if check is not None and check_input is not None:
        return LogitCheck.in_files(check, check_input, tolerance, file.alphabet)
    return pytorch_logits(file, verification_text(file.alphabet), tolerance) if verify else None
