"""Power, heat, memory, disk and clock."""

import pytest

from ocr_edge.diagnose import board, storage
from ocr_edge.diagnose.probe import Output, Space

GB = 10**9
NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("bits", "verdicts", "word"),
    [
        ("0x0", {"power": "ok"}, "no under-voltage"),
        ("0x50005", {"power": "fail", "speed": "warn"}, "right now"),
        ("0x50000", {"power": "warn", "speed": "warn"}, "since the last start"),
        ("0x8", {"power": "ok", "speed": "warn"}, "right now"),
    ],
)
def test_the_firmwares_bits_are_read(bits, verdicts, word, machine):
    for probe in (
        machine(answers={"vcgencmd": f"throttled={bits}\n"}),
        machine({"/sys/devices/platform/soc/soc:firmware/get_throttled": bits.removeprefix("0x")}),
    ):
        found = list(board.throttling(probe))
        assert {check.name: check.verdict for check in found} == verdicts
        assert any(word in check.found for check in found)


def test_a_pi_that_does_not_say_is_not_known_and_a_pc_is_not_asked(machine):
    assert not list(board.throttling(machine()))
    pi = machine({"/proc/device-tree/model": "Raspberry Pi 5"}, {"vcgencmd": Output(255, "no /dev/vcio")})
    assert pi.only(board.throttling).verdict == "unknown"


@pytest.mark.parametrize(("degrees", "verdict"), [(51234, "ok"), (77000, "warn"), (85500, "fail")])
def test_heat_is_told(degrees, verdict, machine):
    zone = "/sys/class/thermal/thermal_zone0"
    probe = machine({f"{zone}/type": "cpu-thermal\n", f"{zone}/temp": f"{degrees}\n"})
    assert probe.only(board.temperature).verdict == verdict


@pytest.mark.parametrize(("kb", "verdict"), [(900_000, "ok"), (150_000, "warn"), (40_000, "fail")])
def test_memory_is_told(kb, verdict, machine):
    probe = machine({"/proc/meminfo": f"MemTotal: 999999 kB\nMemAvailable: {kb} kB\n"})
    assert probe.only(board.memory).verdict == verdict


def test_swap_on_the_card_is_a_warning_and_in_memory_it_is_not(machine):
    head = "Filename Type Size Used Priority\n"
    for line, memory, verdict in (
        ("/dev/zram0 partition 2097148 99999 100", 900_000, "ok"),
        ("/var/swap file 524272 204800 -2", 3_900_000, "warn"),
        ("/var/swap file 524272 0 -2", 3_900_000, "ok"),
        ("", 450_000, "warn"),
        ("", 3_900_000, "ok"),
    ):
        files = {"/proc/swaps": head + line, "/proc/meminfo": f"MemTotal: {memory} kB\n"}
        assert machine(files).only(board.swap).verdict == verdict


@pytest.mark.parametrize(
    ("space", "verdict"),
    [
        (Space(32 * GB, 9 * GB), "ok"),
        (Space(32 * GB, GB // 4), "warn"),
        (Space(32 * GB, GB // 20), "fail"),
        (Space(32 * GB, 9 * GB, 0.01), "warn"),
    ],
)
def test_room_on_the_disk_is_told(space, verdict, machine):
    assert machine(space=space).only(storage.room).verdict == verdict


@pytest.mark.parametrize(
    ("root", "verdict", "word"),
    [
        ("ext4 rw,noatime", None, ""),
        ("ext4 ro,noatime", "fail", "remount,rw"),
        ("overlay rw", "warn", "raspi-config"),
    ],
)
def test_what_cannot_be_kept_is_told(root, verdict, word, machine):
    probe = machine({"/proc/mounts": f"/dev/root / {root} 0 0\ntmpfs /run tmpfs rw 0 0\n"})
    found = list(storage.read_only(probe))
    assert [check.verdict for check in found] == ([verdict] if verdict else [])
    assert all(word in check.advice for check in found)


@pytest.mark.parametrize(("sectors", "verdict"), [(20_000_000, "ok"), (400_000_000, "warn")])
def test_wear_of_the_card_is_measured(sectors, verdict, machine):
    stat = f"  100 0 200 0 300 0 {sectors} 0 0 0 0"
    probe = machine({"/sys/block/mmcblk0/stat": stat, "/proc/uptime": "864000.5 1000.0\n"})
    assert probe.only(storage.wear).verdict == verdict


@pytest.mark.parametrize(
    ("answer", "now", "verdict", "word"),
    [
        ("NTP=yes\nNTPSynchronized=yes", NOW, "ok", ""),
        ("NTP=yes\nNTPSynchronized=no", NOW, "warn", "timesync-status"),
        ("NTP=no\nNTPSynchronized=no", NOW, "warn", "set-ntp true"),
        (Output(1, "Failed to connect to bus"), NOW, "unknown", ""),
        ("NTP=yes\nNTPSynchronized=yes", 1_700_000_000, "fail", "RTC"),
    ],
)
def test_a_clock_that_nobody_sets_is_told(answer, now, verdict, word, machine):
    found = machine(answers={"timedatectl": answer}, now=now).only(board.synchronised)
    assert (found.verdict, word in found.advice) == (verdict, True)
