# datetime and time: arithmetic, formatting, parsing, time zones, clocks.
import time
from datetime import date, datetime, time as clock, timedelta, timezone

d = date(2024, 2, 29)
print(d, repr(d), d + timedelta(days=366), d.weekday(), d.isoweekday(), d.isocalendar()[:2], d.strftime("%d/%m/%y %A %j"), date.fromisoformat("2020-01-02"), d.replace(day=1), (date(2024, 3, 1) - d).days, d < date(2025, 1, 1), d.toordinal(), date.fromordinal(1), d.timetuple()[:3])
dt = datetime(2024, 1, 2, 3, 4, 5, 678)
print(dt, repr(dt), dt.isoformat(), dt.isoformat(" ", "minutes"), dt.date(), dt.time(), dt.strftime("%Y-%m-%d %H:%M:%S.%f %p %b %a"), datetime.strptime("05.06.2023 07:08", "%d.%m.%Y %H:%M"), datetime.fromisoformat("2024-01-02T03:04:05+02:00"), f"{dt:%H:%M}")
utc = datetime(2024, 1, 1, 12, tzinfo=timezone.utc)
east = timezone(timedelta(hours=5, minutes=30), "IST")
print(utc, utc.astimezone(east), utc.astimezone(east).tzname(), utc == utc.astimezone(east), utc.timestamp(), datetime.fromtimestamp(0, timezone.utc), timezone.utc, repr(east), utc.utcoffset())
delta = timedelta(days=1, hours=2, seconds=3.5)
print(delta, repr(delta), delta.total_seconds(), delta * 2, -delta, delta / 2, delta // timedelta(hours=1), abs(-delta), timedelta(hours=25) % timedelta(days=1), delta > timedelta(0), timedelta(weeks=1), timedelta(milliseconds=1), bool(timedelta()), divmod(delta, timedelta(hours=1))[0])
print(clock(1, 2, 3), clock.fromisoformat("10:20"), dt - timedelta(days=1), dt - datetime(2024, 1, 1), datetime.combine(d, clock(1)), datetime.min.year, date.max, dt.replace(hour=0).hour)
for bad in (lambda: date(2023, 2, 29), lambda: datetime.strptime("x", "%Y"), lambda: utc < dt, lambda: date.fromisoformat("nope"), lambda: d + 5, lambda: timedelta(days=10 ** 10)):
    try:
        print(bad())
    except Exception as error:
        print(type(error).__name__)
print(time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(86400)), time.gmtime(0).tm_year, time.gmtime(0)[:6], time.mktime(time.localtime(1000)) == 1000, time.strptime("2024", "%Y").tm_year, type(time.time()).__name__, time.gmtime(0))
a = time.monotonic(); b = time.perf_counter(); n = time.monotonic_ns()
time.sleep(0.01)
print(time.monotonic() - a >= 0.01, time.perf_counter() > b, time.monotonic_ns() - n >= 10 ** 7, abs(time.time() - time.time_ns() / 1e9) < 5, time.process_time() >= 0, abs(datetime.now().timestamp() - time.time()) < 5, time.asctime(time.gmtime(0)))
# Time of the processor goes on while it computes, in each thread for itself, and not while it sleeps.
p, t = time.process_time(), time.thread_time_ns()
while time.process_time() - p < 0.02: pass
print(time.thread_time_ns() - t >= 10 ** 7)
p = time.process_time_ns(); time.sleep(0.05); print(time.process_time_ns() - p < 4 * 10 ** 7, time.thread_time() <= time.process_time())
