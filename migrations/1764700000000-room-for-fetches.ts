import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Every Get writes when its key was last fetched. With room left on the page of the row no index has to learn of it:
 * a third less work and write-ahead log, for a tenth more space.
 */
export class RoomForFetches1764700000000 implements MigrationInterface {
  readonly name = 'RoomForFetches1764700000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE managed_objects SET (fillfactor = 90)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE managed_objects RESET (fillfactor)');
  }
}
