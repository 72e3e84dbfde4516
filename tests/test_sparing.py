"""Libraries are brought in without what nobody needs of them, and have all of it for whoever asks."""


def test_a_plugin_may_use_all_of_the_library_for_pins() -> None:
    code = (
        "import sys, time; from appliance.panel.factory import simulated_factory;"
        "pins = simulated_factory(time.monotonic);"
        "print({'colorzero', 'gpiozero.boards', 'statistics'} & {*sys.modules});"
        "from gpiozero import LEDBoard, RGBLED; board = LEDBoard(2, 3, pin_factory=pins); board.on();"
        "print(board.value, isinstance(board, LEDBoard), RGBLED(4, 5, 6, pwm=False, pin_factory=pins).color)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "set()\nLEDBoardValue(device_0=1, device_1=1) True #000000\n"
