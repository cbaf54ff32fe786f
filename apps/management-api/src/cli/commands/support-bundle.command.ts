import { Inject, Injectable } from '@nestjs/common';

import { readEnvironment } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { CLOCK } from '@lib/platform';

import { ADMIN_CONFIG, type AdminConfig } from '../admin.config';
import { type Arguments } from '../arguments';
import { type Command } from '../command';
import { BundledRegion, supportBundle } from '../support-bundle';

/** Prints what somebody needs who helps from afar, and nothing secret. */
@Injectable()
export class SupportBundle implements Command {
  constructor(
    @Inject(ADMIN_CONFIG) private readonly config: AdminConfig,
    @Inject(BundledRegion) private readonly region: BundledRegion,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async run(given: Arguments): Promise<unknown> {
    const { serviceKeyFile, auditKeyFile } = this.config;
    const healthPorts = (given.find('health') ?? '').split(',').filter((port) => port !== '');
    const environment = readEnvironment();
    const { region, clock } = this;
    return await supportBundle({ region, clock, environment, serviceKeyFile, auditKeyFile, healthPorts });
  }
}
