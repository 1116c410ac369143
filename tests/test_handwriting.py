import numpy as np
import pytest
from PIL import Image

from rnnlab.core.errors import UserError
from rnnlab.forecasting.digit_image import read_picture


def save(path, pixels):
    """Pixels (rows, columns), 0 black to 255 white."""
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)
    return path


def test_a_picture_of_the_networks_size_is_taken_as_it_is(tmp_path):
    ink = np.zeros((8, 8))
    ink[2, 3], ink[5, 6] = 255, 102
    found = read_picture(save(tmp_path / "a.png", ink), 8, 8)
    np.testing.assert_allclose(found, ink / 255, atol=1e-6)


def test_light_paper_is_turned_over(tmp_path):
    paper = np.full((8, 8), 255)
    paper[4, 4] = 0
    found = read_picture(save(tmp_path / "a.png", paper), 8, 8)
    assert found[4, 4] == 1
    assert found.sum() == 1


def test_a_large_picture_is_cut_to_its_ink_and_fills_the_box(tmp_path):
    paper = np.full((300, 200), 255)
    paper[100:180, 120:160] = 0  # twice as high as wide
    found = read_picture(save(tmp_path / "a.png", paper), 8, 8)
    expected = np.zeros((8, 8))
    expected[:, 2:6] = 1
    np.testing.assert_array_equal(found, expected)


def test_large_images_keep_the_margin_of_mnist(tmp_path):
    paper = np.full((100, 100), 255)
    paper[10:50, 10:50] = 0
    found = read_picture(save(tmp_path / "a.png", paper), 28, 28)
    expected = np.zeros((28, 28))
    expected[4:24, 4:24] = 1  # a box of 20, in the middle
    np.testing.assert_array_equal(found, expected)


def test_what_is_transparent_is_paper(tmp_path):
    picture = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    picture.putpixel((3, 4), (0, 0, 0, 255))
    picture.save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png", 8, 8)
    assert found[4, 3] == 1
    assert found.sum() == 1


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_blank_picture_is_refused(tmp_path, value):
    path = save(tmp_path / "a.png", np.full((20, 20), value))
    with pytest.raises(UserError, match=r"a.png: is blank"):
        read_picture(path, 8, 8)


def test_what_is_no_picture_is_refused(tmp_path):
    (tmp_path / "a.png").write_text("no")
    with pytest.raises(UserError, match=r"a.png: is no picture of a form that is read: PNG, JPEG"):
        read_picture(tmp_path / "a.png", 8, 8)


def test_a_program_is_no_picture(tmp_path, monkeypatch):
    """Pillow would give PostScript to Ghostscript, whatever the file is called."""
    (tmp_path / "a.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")
    monkeypatch.setattr("subprocess.check_call", lambda *_, **__: pytest.fail("a program was started"))
    with pytest.raises(UserError, match=r"a.png: is no picture"):
        read_picture(tmp_path / "a.png", 8, 8)


def test_a_picture_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("rnnlab.forecasting.digit_image.PIXELS", 63)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda _: pytest.fail("unpacked"))
    with pytest.raises(UserError, match=r"a.png: has 8 x 8 pixels; up to 63 are read"):
        read_picture(save(tmp_path / "a.png", np.zeros((8, 8))), 8, 8)


def test_a_photograph_is_turned_as_its_camera_was_held(tmp_path):
    ink = np.zeros((8, 8), np.uint8)
    ink[1, 2:6] = ink[2:7, 5] = 255
    held = Image.Exif()
    held[0x0112] = 6  # Orientation: to be turned by 90 degrees, clockwise
    Image.fromarray(ink).transpose(Image.Transpose.ROTATE_90).save(tmp_path / "a.png", exif=held)
    np.testing.assert_allclose(read_picture(tmp_path / "a.png", 8, 8), ink / 255)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nix.png: there is no such file"):
        read_picture(tmp_path / "nix.png", 8, 8)


def test_white_ink_on_nothing_is_seen(tmp_path):
    picture = Image.new("RGBA", (8, 8), (255, 255, 255, 0))
    picture.putpixel((3, 4), (255, 255, 255, 255))
    picture.save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png", 8, 8)
    assert (found[4, 3], found.sum()) == (1, 1)


def test_sixteen_bits_are_read_as_eight(tmp_path):
    paper = np.full((8, 8), 60_000, np.uint16)
    paper[4, 4] = 0
    Image.fromarray(paper).save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png", 8, 8)
    assert (found[4, 4], found.sum()) == (1, 1)


@pytest.mark.parametrize(("ink", "paper"), [(np.nan, 1.0), (1.0, np.inf), (-5.0, -1.0), (-3e38, 3e38)])
def test_pixels_may_be_any_floats(tmp_path, ink, paper):
    pixels = np.full((8, 8), paper, np.float32)
    pixels[2:6, 3:5] = ink
    Image.fromarray(pixels).save(tmp_path / "a.tiff")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tiff", 8, 8) == 1, pixels != np.float32(paper))


def test_thin_strokes_keep_their_ink(tmp_path):
    paper = np.full((1000, 1000), 255)
    paper[100:900, 500:504] = paper[100:104, 200:800] = 0
    assert read_picture(save(tmp_path / "a.png", paper), 8, 8).max() == 1


def test_two_dots_far_apart_are_no_error(tmp_path):
    paper = np.full((3000, 3000), 255)
    paper[10, 10] = paper[2990, 2990] = 0
    assert read_picture(save(tmp_path / "a.png", paper), 8, 8).max() == 1
