# time.tzset follows TZ in os.environ, which may be a POSIX string.
import datetime
import os
import time

winter, summer = 1_700_000_000, 1_720_000_000
zones = ["XXX-3:30", "EST5EDT,M3.2.0,M11.1.0", "UTC0", "AEST-10AEDT-11,M10.5.0,M3.5.0", "<+07>-7"]
for zone in zones:
    os.environ["TZ"] = zone
    time.tzset()
    print(repr(zone), time.tzname, time.timezone, time.altzone, time.daylight)
    for t in winter, summer:
        local = time.localtime(t)
        print(tuple(local), local.tm_zone, local.tm_gmtoff, time.strftime("%H:%M %Z %z %%Z", local), time.mktime(local) == t)
        moment = datetime.datetime.fromtimestamp(t, datetime.timezone.utc).astimezone()
        print(moment, moment.tzname(), datetime.datetime.fromtimestamp(t))
os.environ["TZ"] = "EST5EDT,M3.2.0,M11.1.0"
time.tzset()
# The hour that is read twice, and the one that is left out.
for is_dst in 0, 1:
    print(time.mktime((2024, 11, 3, 1, 30, 0, 0, 0, is_dst)))
print(time.ctime(winter), time.ctime(summer))
